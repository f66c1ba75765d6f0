//! The schema and the validation that reads it.

use proptest::prelude::*;
use serde_json::Value;

use super::super::schema::{resolve, variants};
use super::*;

/// Every schema within `schema`, itself included.
fn subschemas(schema: &'static Value) -> Vec<&'static Value> {
    let mut all = vec![schema];
    for section in ["properties", "$defs"] {
        all.extend(
            schema[section].as_object().into_iter().flatten().flat_map(|(_, schema)| subschemas(schema)),
        );
    }
    all.extend(variants(schema).into_iter().flatten().flat_map(subschemas));
    let nested = ["items", "additionalProperties"].into_iter().filter_map(|keyword| schema.get(keyword));
    all.extend(nested.filter(|schema| schema.is_object()).flat_map(subschemas));
    all
}

#[test]
fn the_validation_reads_every_keyword_that_the_schema_has() {
    let checked = [
        "type",
        "properties",
        "required",
        "items",
        "minItems",
        "maxItems",
        "minLength",
        "minimum",
        "maximum",
        "const",
        "anyOf",
        "oneOf",
        "$ref",
    ];
    let for_people = ["$schema", "$id", "$defs", "title", "description", "default", "deprecated", "format"];
    for schema in subschemas(json_schema()) {
        for (keyword, value) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "additionalProperties" => assert!(value == false || value.is_object(), "{schema}"),
                "type" => assert!(value.is_string(), "one type only: {schema}"),
                "items" => assert!(value.is_object(), "{schema}"),
                "$ref" => assert!(resolve(schema).is_object(), "{schema}"),
                keyword => assert!(
                    checked.contains(&keyword) || for_people.contains(&keyword),
                    "{keyword} in {schema}"
                ),
            }
        }
        match schema["type"].as_str() {
            // Or a number could pass the schema that its field cannot hold.
            Some("integer" | "number") => {
                assert!(schema["minimum"].is_i64() && schema["maximum"].is_i64(), "{schema}");
            }
            Some("object") => assert!(schema.get("additionalProperties").is_some(), "{schema}"),
            _ => {}
        }
    }
}

#[test]
fn every_field_is_described() {
    for schema in subschemas(json_schema()) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            assert!(field["description"].as_str().is_some_and(|text| text.len() > 3), "{name}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-9..200_000_i64).prop_map(Value::from),
        "[a-z0-9.$ -]{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(any_name(), inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A name that some part of the document knows, or not quite.
fn any_name() -> impl Strategy<Value = String> {
    let known = subschemas(json_schema())
        .into_iter()
        .flat_map(|schema| schema["properties"].as_object().into_iter().flatten());
    let known: Vec<_> = known.map(|(name, _)| name.clone()).collect();
    prop_oneof![4 => prop::sample::select(known), 1 => "[a-zA-Z_ ]{0,9}"]
}

proptest! {
    #[test]
    fn a_document_that_passes_the_schema_can_be_parsed(section in 0..3_usize, name in any_name(), value in any_json()) {
        let section = ["", "run_options/", "instance_parameters/"][section];
        if let Err(Problems(problems)) = try_resolve(&with(&format!("{section}{name}"), value)) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.path.starts_with("$.") || problem.path.starts_with("$["), "{problem}");
            }
        }
    }
}
