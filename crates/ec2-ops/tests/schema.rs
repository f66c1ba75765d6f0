//! The published JSON Schema: current, and of one opinion with the validation that the Lambdas do.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::fs;
use std::path::Path;

use ec2_ops::Execution;
use ec2_ops::document::{Job, derived_schema, json_schema};
use jiff::Timestamp;
use jsonschema::Validator;
use serde_json::{Value, json};

fn corpus() -> impl Iterator<Item = Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let documents = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    documents.map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
}

/// The paths of what the resolution finds wrong with the structure: what it finds wrong with the meaning, the schema
/// cannot know.
fn structural_problems(document: &Value) -> Vec<String> {
    let execution = Execution::rehearsal(Timestamp::UNIX_EPOCH);
    let Err(problems) = Job::resolve(document, &execution) else { return Vec::new() };
    let structural = |message: &str| {
        let of_the_schema = [
            "found null",
            "expected true or false",
            "expected an integer from",
            "expected a number from",
            "expected a string",
            "expected a list",
            "expected an object",
            "expected {",
            "expected \"",
            "unknown name",
            "not possible",
        ];
        let of_the_meaning = ["found a second", "missing, expected a list of shell commands"];
        (of_the_schema.iter().any(|words| message.contains(words))
            || message.starts_with("missing, expected"))
            && !of_the_meaning.iter().any(|words| message.contains(words))
    };
    let problems = problems.0.into_iter().filter(|problem| structural(&problem.message));
    problems.map(|problem| problem.to_string()).collect()
}

fn assert_same_verdict(validator: &Validator, document: &Value) {
    let ours = structural_problems(document);
    let theirs: Vec<_> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert_eq!(ours.is_empty(), theirs.is_empty(), "{ours:#?} but {theirs:#?} for {document:#}");
}

#[test]
fn the_published_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/execution-document.schema.json");
    let current = format!("{:#}\n", derived_schema());
    if std::env::var_os("REGENERATE").is_some() {
        fs::write(&path, &current).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == current,
        "docs/execution-document.schema.json is out of date; REGENERATE=1 cargo test -p ec2-ops --test schema"
    );
}

#[test]
fn a_json_schema_validator_agrees_about_every_real_document() {
    let validator = jsonschema::validator_for(json_schema()).unwrap();
    corpus().for_each(|document| assert_same_verdict(&validator, &document));
}

#[test]
fn a_json_schema_validator_agrees_about_every_real_document_with_one_thing_changed() {
    let validator = jsonschema::validator_for(json_schema()).unwrap();
    // One of each shape is enough.
    let mut shapes = std::collections::BTreeMap::new();
    corpus().for_each(|document| {
        shapes.insert(pointers(&document, String::new()), document);
    });
    assert!(shapes.len() > 20, "{}", shapes.len());
    for (pointers, document) in shapes {
        for pointer in pointers {
            for value in [
                json!(null),
                json!(true),
                json!(0),
                json!(-7),
                json!(1.5),
                json!(""),
                json!("x"),
                json!([]),
                json!([""]),
                json!({}),
                json!({"Key": "x"}),
            ] {
                let mut changed = document.clone();
                *changed.pointer_mut(&pointer).unwrap() = value;
                assert_same_verdict(&validator, &changed);
            }
            assert_same_verdict(&validator, &without(&document, &pointer));
        }
    }
}

/// Where something stands in `value`.
fn pointers(value: &Value, at: String) -> Vec<String> {
    let children: Vec<_> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().take(1).map(|item| ("0".to_owned(), item)).collect(),
        _ => Vec::new(),
    };
    let mut all: Vec<_> =
        children.into_iter().flat_map(|(name, value)| pointers(value, format!("{at}/{name}"))).collect();
    all.push(at);
    all
}

fn without(document: &Value, pointer: &str) -> Value {
    let mut document = document.clone();
    if let Some((parent, name)) = pointer.rsplit_once('/') {
        match document.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(name)),
            Value::Array(items) => items.clear(),
            _ => {}
        }
    }
    document
}
