//! What EC2 refuses in every account, in EC2's words.

use ec2_ops_limits::launch;
use serde::Serialize;

use crate::AwsError;

/// Refuses what EC2 refuses in `request`: the arguments of a launch, or some of them.
pub(super) fn check(request: &impl Serialize) -> Result<(), AwsError> {
    let request = serde_json::to_value(request)
        .map_err(|error| AwsError::server("InternalError", error.to_string()))?;
    match launch::refusals(&request).into_iter().next() {
        Some(refusal) => Err(AwsError::client(refusal.rule.code, refusal.message())),
        None => Ok(()),
    }
}
