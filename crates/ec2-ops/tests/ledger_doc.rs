//! What `docs/ledger.md` says of the fields of a line, held to the code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its data should fail")]

use ec2_ops::ledger::{Line, PREFIX};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../docs/ledger.md");

/// The names and types of the fields on the page.
fn fields() -> Vec<(&'static str, String)> {
    let (_, section) = PAGE.split_once("## Fields").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[1].trim_matches('`'), cells[2].replace("&lt;", "<"))).collect()
}

/// A value of the type that the page has for a field.
fn example(field: &str, kind: &str) -> Value {
    match (field, kind) {
        ("status", _) => json!("Succeeded"),
        ("market", _) => json!("spot"),
        (time, _) if time.ends_with("_at") => json!("2026-03-01T05:30:00Z"),
        (_, "string") => json!(field),
        (_, "int" | "bigint") => json!(1),
        (_, "array<string>") => json!([field]),
        (_, "map<string,string>") => json!({ field: field }),
        _ => panic!("{field} has the unknown type {kind}"),
    }
}

#[test]
fn the_page_has_every_field_of_a_line_in_its_order_and_its_type() {
    let written: serde_json::Map<_, _> =
        fields().iter().map(|(field, kind)| ((*field).to_owned(), example(field, kind))).collect();
    let line: Line = serde_json::from_value(Value::Object(written.clone())).unwrap();
    let read = serde_json::to_value(&line).unwrap();
    assert_eq!(read, Value::Object(written.clone()));
    let names = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(read.as_object().unwrap()), names(&written));
}

#[test]
fn the_page_shows_where_a_line_is() {
    let shown = PAGE.lines().find(|line| line.starts_with(PREFIX)).unwrap();
    let mut written: serde_json::Map<_, _> =
        fields().iter().map(|(field, kind)| ((*field).to_owned(), example(field, kind))).collect();
    written.insert("started_at".to_owned(), json!("2026-03-01T23:59:59Z"));
    written.insert("execution".to_owned(), json!("EXECUTION"));
    let line: Line = serde_json::from_value(Value::Object(written)).unwrap();
    assert_eq!(line.key().replace("-1.json", "-ATTEMPT.json"), shown);
}

/// Athena's table has the same.
#[test]
fn the_table_has_the_columns_of_the_page() {
    let columns: Value =
        serde_json::from_str(include_str!("../../../terraform/ledger/columns.json")).unwrap();
    let columns = columns.as_array().unwrap().iter();
    let text = |column: &Value, key: &str| column[key].as_str().unwrap().to_owned();
    let columns: Vec<_> = columns.map(|column| (text(column, "name"), text(column, "type"))).collect();
    let fields: Vec<_> = fields().into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    assert_eq!(columns, fields);
}
