//! The JSON Schema of the document, and the validation of a document against it.
//!
//! The schema is derived from the types, so an editor, `ec2-ops validate` and the Lambdas refuse the same things. The
//! walker reads exactly the keywords that the derivation emits, reports every problem, and words it for people.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::problem::{Problem, field, found, nearest};
use super::types::ExecutionDocument;

/// The JSON Schema (draft 2020-12) of the execution document.
pub fn json_schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| schemars::schema_for!(ExecutionDocument).to_value())
}

/// Everything about the structure of `document` that the schema does not allow.
pub(super) fn problems(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    check(document, json_schema(), "$", &mut problems);
    problems
}

fn check(value: &Value, schema: &'static Value, path: &str, problems: &mut Vec<Problem>) {
    let schema = resolve(schema);
    if let Some(variants) = variants(schema) {
        return check_any_of(value, variants, path, problems);
    }
    if !type_matches(value, schema) {
        problems.push(Problem::new(path, format!("found {}, expected {}", found(value), expected(schema))));
        return;
    }
    match value {
        Value::Object(fields) => check_object(fields, schema, path, problems),
        Value::Array(items) => check_list(items, schema, path, problems),
        Value::Number(number) => {
            let (minimum, maximum) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
            let n = number.as_f64().unwrap_or(f64::NAN);
            if minimum.is_some_and(|minimum| n < minimum) || maximum.is_some_and(|maximum| n > maximum) {
                problems.push(Problem::new(path, format!("found {number}, expected {}", expected(schema))));
            }
        }
        Value::String(_) if !allowed(value, schema) => {
            problems.push(Problem::new(path, format!("found {value}, expected {}", expected(schema))));
        }
        _ => {}
    }
}

fn check_object(
    fields: &Map<String, Value>,
    schema: &'static Value,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    let Some(known) = schema["properties"].as_object() else {
        return;
    };
    for (name, value) in fields {
        match known.get(name) {
            Some(schema) => check(value, schema, &field(path, name), problems),
            None => problems.push(Problem::new(field(path, name), unknown(name, known))),
        }
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !fields.contains_key(*name)) {
        let what = known
            .get(name)
            .map_or_else(String::new, |schema| format!(", expected {}", expected(resolve(schema))));
        problems.push(Problem::new(field(path, name), format!("missing{what}")));
    }
}

fn unknown(name: &str, known: &'static Map<String, Value>) -> String {
    match nearest(name, known.keys().map(String::as_str)) {
        Some(candidate) => format!("unknown name; did you mean {candidate}?"),
        None => {
            let names: Vec<_> = known.keys().map(String::as_str).collect();
            format!("unknown name; known here: {}", names.join(", "))
        }
    }
}

fn check_list(items: &[Value], schema: &'static Value, path: &str, problems: &mut Vec<Problem>) {
    if items.len() < schema["minItems"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0) {
        problems.push(Problem::new(path, "found an empty list, expected at least one entry"));
    }
    for (i, item) in items.iter().enumerate() {
        check(item, &schema["items"], &format!("{path}[{i}]"), problems);
    }
}

/// Checks against the variant that fits best, so that the message speaks of what was probably meant.
fn check_any_of(value: &Value, variants: &'static [Value], path: &str, problems: &mut Vec<Problem>) {
    let fitting = variants.iter().map(resolve).filter(|variant| type_matches(value, variant));
    let best = fitting
        .map(|variant| {
            let mut own = Vec::new();
            check(value, variant, path, &mut own);
            own
        })
        .min_by_key(Vec::len);
    match best {
        Some(own) => problems.extend(own),
        None => {
            let names: Vec<_> = variants.iter().map(|variant| expected(resolve(variant))).collect();
            let message = format!("found {}, expected {}", found(value), names.join(" or "));
            problems.push(Problem::new(path, message));
        }
    }
}

fn variants(schema: &'static Value) -> Option<&'static Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|keyword| schema[*keyword].as_array())
}

fn resolve(schema: &'static Value) -> &'static Value {
    let target = schema["$ref"].as_str().and_then(|pointer| pointer.strip_prefix('#'));
    target.and_then(|pointer| json_schema().pointer(pointer)).unwrap_or(schema)
}

fn types(schema: &'static Value) -> impl Iterator<Item = &'static str> {
    let one = schema["type"].as_str();
    one.into_iter().chain(schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn type_matches(value: &Value, schema: &'static Value) -> bool {
    let mut types = types(schema).peekable();
    if types.peek().is_none() {
        return schema.get("const").is_none_or(|constant| constant == value);
    }
    types.any(|name| match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(n) => name == "number" || name == "integer" && (n.is_i64() || n.is_u64()),
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    })
}

fn allowed(value: &Value, schema: &'static Value) -> bool {
    schema.get("const").is_none_or(|constant| constant == value)
        && schema["enum"].as_array().is_none_or(|words| words.contains(value))
}

/// What `schema` wants, in a few words.
fn expected(schema: &'static Value) -> String {
    if let Some(variants) = variants(schema) {
        let names: Vec<_> =
            variants.iter().filter(|v| v["type"] != "null").map(expected_of_reference).collect();
        return names.join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter(|word| !word.is_null()).map(Value::to_string).collect();
        return words.join(" or ");
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    let kind = types(schema).find(|name| *name != "null").unwrap_or("null");
    match (kind, schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        ("integer", Some(minimum), Some(maximum)) => format!("an integer from {minimum} to {maximum}"),
        ("integer", ..) => "an integer".to_owned(),
        ("array", ..) => "a list".to_owned(),
        ("object", ..) => object_of(schema),
        ("string", ..) => "a string".to_owned(),
        ("boolean", ..) => "true or false".to_owned(),
        (other, ..) => other.to_owned(),
    }
}

fn expected_of_reference(schema: &'static Value) -> String {
    expected(resolve(schema))
}

/// Small objects are spelled out: `{bucket, key}`.
fn object_of(schema: &'static Value) -> String {
    match schema["properties"].as_object() {
        Some(known) if known.len() <= 3 => {
            format!("{{{}}}", known.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
        _ => "an object".to_owned(),
    }
}
