//! Fields that older documents carry: renamed where the name has changed, dropped with a warning where nothing reads them.

use serde_json::Value;

use super::problem::field;

/// Where fields that nothing reads stand, and which they are.
const UNREAD: &[(&str, &[&str])] = &[
    ("", &["t0", "InstanceId", "command_id", "retry_attempt", "ii_s3_object_checked"]),
    ("/run_options", &["check_s3"]),
    ("/instance_parameters", &["MinCount", "MaxCount", "Count", "InstanceId"]),
];

/// Old names, by where they stand.
const RENAMED: &[(&str, &str, &str)] = &[("/run_options", "ii_detach_volume", "ii_delete_volume")];

/// Brings `document` to today's names, and says what was done.
pub(super) fn modernise(document: &mut Value) -> Vec<String> {
    let mut warnings = Vec::new();
    for (pointer, names) in UNREAD {
        let Some(section) = document.pointer_mut(pointer).and_then(Value::as_object_mut) else {
            continue;
        };
        for name in names.iter().filter(|name| section.remove(**name).is_some()) {
            warnings.push(format!("{}: accepted and not read", path(pointer, name)));
        }
    }
    for (pointer, old, new) in RENAMED {
        let Some(section) = document.pointer_mut(pointer).and_then(Value::as_object_mut) else {
            continue;
        };
        // Both names at once stay as they are: the old one is then refused as unknown.
        if section.contains_key(*new) {
            continue;
        }
        if let Some(value) = section.remove(*old) {
            section.insert((*new).to_owned(), value);
            warnings.push(format!("{}: the old name of {new}", path(pointer, old)));
        }
    }
    warnings
}

fn path(pointer: &str, name: &str) -> String {
    field(&format!("${}", pointer.replace('/', ".")), name)
}
