//! Validates a document against the schema, with messages for people.
//!
//! It reads exactly the keywords that the schema uses, which a test checks.

use serde_json::{Map, Value};

use super::path::Path;
use super::problem::{Problem, comma_separated, found};
use super::schema::{json_schema, resolve, variants};
use super::unknown;

/// Every violation of the schema in `document`.
pub(super) fn problems(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    check(document, json_schema(), Path::Root, &mut problems);
    problems
}

fn check(value: &Value, schema: &'static Value, path: Path<'_>, problems: &mut Vec<Problem>) {
    let schema = resolve(schema);
    if let Some(variants) = variants(schema) {
        return check_variants(value, schema, variants, path, problems);
    }
    if !has_type(value, schema) || !in_limits(value, schema) {
        problems.push(unexpected(value, schema, path));
        return;
    }
    match value {
        Value::Object(fields) if schema["additionalProperties"].is_object() => {
            for (name, value) in fields {
                check(value, &schema["additionalProperties"], Path::Field(&path, name), problems);
            }
        }
        Value::Object(fields) => check_object(fields, schema, path, problems),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                check(item, &schema["items"], Path::Item(&path, i), problems);
            }
        }
        _ => {}
    }
}

fn unexpected(value: &Value, schema: &'static Value, path: Path<'_>) -> Problem {
    let advice = if value.is_null() { "; leave out what has no value" } else { "" };
    Problem::new(path.to_string(), format!("found {}, expected {}{advice}", found(value), expected(schema)))
}

fn check_object(
    fields: &Map<String, Value>,
    schema: &'static Value,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) {
    let Some(known) = schema["properties"].as_object() else {
        return;
    };
    for (name, value) in fields {
        let path = Path::Field(&path, name);
        match known.get(name) {
            Some(schema) => check(value, schema, path, problems),
            None => problems.push(Problem::new(path.to_string(), unknown::advice(name, known))),
        }
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !fields.contains_key(*name)) {
        let path = Path::Field(&path, name).to_string();
        problems.push(Problem::new(path, format!("missing, expected {}", expected(&known[name]))));
    }
}

/// Checks against the variant that the author probably meant: the one with the fewest problems. If there are several, the
/// message names all variants.
fn check_variants(
    value: &Value,
    schema: &'static Value,
    variants: &'static [Value],
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) {
    let fitting = variants.iter().filter(|variant| has_type(value, resolve(variant)));
    let mut attempts: Vec<_> = fitting
        .map(|variant| {
            let mut own = Vec::new();
            check(value, variant, path, &mut own);
            own
        })
        .collect();
    attempts.sort_by_key(Vec::len);
    match attempts.as_slice() {
        [best, ..] if best.is_empty() => {}
        [best, next, ..] if best.len() < next.len() => problems.extend(best.iter().cloned()),
        [only] => problems.extend(only.iter().cloned()),
        _ => problems.push(unexpected(value, schema, path)),
    }
}

fn has_type(value: &Value, schema: &'static Value) -> bool {
    match schema["type"].as_str() {
        None => true,
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) => false,
    }
}

/// Whether the schema allows a value, which has the right type.
fn in_limits(value: &Value, schema: &'static Value) -> bool {
    let at_least = |keyword: &str, length: usize| {
        schema[keyword].as_u64().is_none_or(|minimum| u64::try_from(length).is_ok_and(|n| n >= minimum))
    };
    let within = |number: f64| {
        schema["minimum"].as_f64().is_none_or(|minimum| number >= minimum)
            && schema["maximum"].as_f64().is_none_or(|maximum| number <= maximum)
    };
    schema.get("const").is_none_or(|constant| constant == value)
        && match value {
            Value::Number(number) => number.as_f64().is_some_and(within),
            Value::String(text) => at_least("minLength", text.chars().count()),
            Value::Array(items) => {
                at_least("minItems", items.len())
                    && schema["maxItems"].as_u64().is_none_or(|most| items.len() as u64 <= most)
            }
            _ => true,
        }
}

/// What `schema` expects, in a few words.
pub(super) fn expected(schema: &'static Value) -> String {
    let schema = resolve(schema);
    if let Some(variants) = variants(schema) {
        return variants.iter().map(expected).collect::<Vec<_>>().join(" or ");
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    let not_empty = |keyword: &str| schema.get(keyword).is_some();
    match schema["type"].as_str() {
        Some(kind @ ("integer" | "number")) => {
            let article = if kind == "integer" { "an" } else { "a" };
            format!("{article} {kind} from {} to {}", schema["minimum"], schema["maximum"])
        }
        Some("boolean") => "true or false".to_owned(),
        Some("string") if not_empty("minLength") => "a string that is not empty".to_owned(),
        Some("string") => "a string".to_owned(),
        Some("array") if schema.get("maxItems").is_some() => {
            format!("a list of {} to {}", schema["minItems"], schema["maxItems"])
        }
        Some("array") if not_empty("minItems") => "a list that is not empty".to_owned(),
        Some("array") => format!("a list of {}", plural(resolve(&schema["items"]))),
        _ => match schema["properties"].as_object() {
            Some(known) if known.len() <= 4 => format!("{{{}}}", comma_separated(known.keys())),
            _ => "an object".to_owned(),
        },
    }
}

fn plural(schema: &'static Value) -> &'static str {
    if schema["type"] == "string" { "strings" } else { "objects" }
}
