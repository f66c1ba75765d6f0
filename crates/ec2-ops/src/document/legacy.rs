//! Fields of older documents: renamed if the name has changed, dropped with a warning if nothing reads them.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::path::Path;
use super::problem::{Problem, found};

/// Fields of one section that nothing reads.
struct Unread {
    section: &'static str,
    names: &'static [&'static str],
    why: &'static str,
}

const UNREAD: &[Unread] = &[
    Unread {
        section: "",
        names: &["t0", "InstanceId", "command_id", "volume_id", "retry_attempt", "ii_s3_object_checked"],
        why: "left over from an earlier run",
    },
    Unread { section: "run_options", names: &["check_s3"], why: "ii_check_s3 decides" },
    Unread {
        section: "instance_parameters",
        names: &["MinCount", "MaxCount", "Count"],
        why: "it is always one instance",
    },
    Unread { section: "instance_parameters", names: &["InstanceId"], why: "left over from an earlier run" },
];

/// Sections, old names, and today's names.
const RENAMED: &[(&str, &str, &str)] = &[("run_options", "ii_detach_volume", "ii_delete_volume")];

/// Changes a valid document to today's names, with a warning for each change.
pub(super) fn modernise<'a>(
    document: &'a Value,
    warnings: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Cow<'a, Value> {
    let mut document = Cow::Borrowed(document);
    for unread in UNREAD {
        for name in unread.names {
            if let Some(value) = remove(&mut document, unread.section, name) {
                let path = path(unread.section, name);
                warnings.push(format!("{path}: found {}, not read: {}", found(&value), unread.why));
            }
        }
    }
    for &(section, old, new) in RENAMED {
        let Some(value) = remove(&mut document, section, old) else { continue };
        let path = path(section, old);
        warnings.push(format!("{path}: the old name of {new}"));
        let Some(fields) = fields_mut(document.to_mut(), section) else { continue };
        let current = fields.entry(new).or_insert_with(|| value.clone());
        if *current != value {
            let message = format!("found {value} beside {new}, its new name, which is {current}");
            problems.push(Problem::new(path, message));
        }
    }
    document
}

/// Adds the older fields to the schema, so that editors accept what [`modernise`] does.
pub(super) fn declare(schema: &mut Value) {
    let unread = UNREAD.iter().flat_map(|unread| {
        let description = format!("Not read: {}.", unread.why);
        unread.names.iter().map(move |name| {
            (unread.section, *name, json!({ "deprecated": true, "description": description }))
        })
    });
    let renamed = RENAMED.iter().map(|(section, old, new)| {
        let description = format!("The old name of `{new}`.");
        (*section, *old, json!({ "deprecated": true, "description": description, "type": "boolean" }))
    });
    for (section, name, declaration) in unread.chain(renamed) {
        let pointer = match section {
            "" => "/properties",
            "run_options" => "/$defs/RunOptions/properties",
            _ => "/$defs/InstanceParameters/properties",
        };
        if let Some(properties) = schema.pointer_mut(pointer).and_then(Value::as_object_mut) {
            properties.insert(name.to_owned(), declaration);
        }
    }
}

/// Removes a field. The document is copied only if it has the field.
fn remove(document: &mut Cow<'_, Value>, section: &str, name: &str) -> Option<Value> {
    let fields = if section.is_empty() { document.as_object() } else { document[section].as_object() };
    fields?.get(name)?;
    fields_mut(document.to_mut(), section)?.shift_remove(name)
}

fn fields_mut<'a>(document: &'a mut Value, section: &str) -> Option<&'a mut Map<String, Value>> {
    let section = if section.is_empty() { document } else { document.get_mut(section)? };
    section.as_object_mut()
}

fn path(section: &str, name: &str) -> String {
    let section = if section.is_empty() { Path::Root } else { Path::Field(&Path::Root, section) };
    Path::Field(&section, name).to_string()
}
