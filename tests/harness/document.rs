//! Documents that differ in what a test is about.

use serde_json::{Value, json};

/// A document that is valid with any commands, and leaves nothing.
pub(crate) fn document(commands: &[&str]) -> Value {
    json!({
        "commands": commands,
        "run_options": { "ii_terminate_instance": true, "ii_delete_volume": true, "timeout_s": 60 },
        "instance_parameters": { "ImageId": "ami-0abcdef1234567890", "InstanceType": "t4g.nano" },
    })
}
