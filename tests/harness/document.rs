//! The document that tests change.

use serde_json::{Value, json};

/// A valid document with `commands`, whose instance and volume are deleted at the end.
pub(crate) fn document(commands: &[&str]) -> Value {
    json!({
        "commands": commands,
        "run_options": { "ii_terminate_instance": true, "ii_delete_volume": true, "timeout_s": 60 },
        "instance_parameters": { "ImageId": "ami-0abcdef1234567890", "InstanceType": "t4g.nano" },
    })
}
