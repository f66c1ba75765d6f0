//! The deployment that Terraform has made from the present directory.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Error;

/// The output that names the state machine, in `terraform/outputs.tf`.
const OUTPUT: &str = "state_machine_arn";

/// The ARN of the state machine, if `directory` is one in which `terraform apply` made a deployment of ec2-ops.
///
/// # Errors
/// If Terraform has been initialised there and cannot be asked.
pub(crate) fn state_machine(directory: &Path) -> Result<Option<String>, Error> {
    if ![".terraform", "terraform.tfstate"].iter().any(|name| directory.join(name).exists()) {
        return Ok(None);
    }
    let output = Command::new("terraform")
        .args(["output", "-json"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim()));
    }
    let outputs: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| failed(&error.to_string()))?;
    Ok(outputs[OUTPUT]["value"].as_str().map(str::to_owned))
}

fn failed(why: &str) -> Error {
    Error::Local(format!(
        "this directory has a Terraform state, and `terraform output -json` failed: {why}; --state-machine names the \
         state machine without it"
    ))
}
