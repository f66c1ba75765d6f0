//! The JSON Schema of the document.
//!
//! It is derived from the types, so an editor, `ec2-ops validate` and the Lambdas refuse the same things. What is derived is
//! published as a file, and read from there: to derive it at run time would cost each Lambda 0.1 MB of code, and time.

use std::sync::LazyLock;

use serde_json::Value;

use super::legacy;
use super::types::ExecutionDocument;

/// The JSON Schema (draft 2020-12) of the execution document, as published.
#[expect(clippy::expect_used, reason = "the text is part of the program, and a test reads it")]
pub fn json_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let published = include_str!("../../../../docs/execution-document.schema.json");
        serde_json::from_str(published).expect("the published schema is JSON")
    });
    &SCHEMA
}

/// The schema as the types have it now. That of [`json_schema`] is the same, or is out of date.
pub fn derived_schema() -> Value {
    let mut schema = schemars::schema_for!(ExecutionDocument).to_value();
    forbid_null(&mut schema);
    legacy::declare(&mut schema);
    schema
}

/// Forbids `null` for optional fields, which are left out instead: a `null` is often a placeholder that was not filled in.
fn forbid_null(schema: &mut Value) {
    let children: Vec<&mut Value> = match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_mut_slice() {
                    let only = only.take();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(variants)) = fields.get_mut("anyOf") {
                variants.retain(|variant| variant["type"] != "null");
                if let [Value::Object(only)] = variants.as_mut_slice() {
                    let only = std::mem::take(only);
                    fields.shift_remove("anyOf");
                    fields.extend(only);
                }
            }
            fields.values_mut().collect()
        }
        Value::Array(items) => items.iter_mut().collect(),
        _ => return,
    };
    children.into_iter().for_each(forbid_null);
}

/// The schema that `schema` refers to, or itself.
pub(super) fn resolve(schema: &'static Value) -> &'static Value {
    let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
    target.map_or(schema, |name| &json_schema()["$defs"][name])
}

/// The alternatives of `schema`, if it has any.
pub(super) fn variants(schema: &'static Value) -> Option<&'static Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|keyword| schema[*keyword].as_array())
}
