//! JSON: awsJson's header and bodies, and the errors of all JSON protocols.
//!
//! See <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>.

use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::decode::{self, Misfit, ReadError};
use super::tree::Node;
use crate::AwsError;

/// The header that names the action.
pub(super) const TARGET: &str = "x-amz-target";

/// `StartExecution` for `AWSStepFunctions.StartExecution`.
pub(super) fn action(headers: &HeaderMap) -> String {
    let target = headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

/// The typed input in `body`. `serde_json` refuses what is nested more than 128 deep.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ReadError> {
    let unreadable = |why: String| AwsError::client("SerializationException", why);
    let value: Value = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    decode::input(Node::from(value)).map_err(|misfit| match misfit {
        Misfit::Unknown(path) => ReadError::Unmodelled(path),
        Misfit::Missing(path) => ReadError::Refused(AwsError::client(
            "ValidationException",
            format!(
                "1 validation error detected: Value at '{path}' failed to satisfy constraint: Member must not be null"
            ),
        )),
        Misfit::Invalid(path, why) if path.is_empty() => unreadable(why).into(),
        Misfit::Invalid(path, why) => unreadable(format!("{path}: {why}")).into(),
    })
}

/// An error. Services disagree on the case of `message`, so it is there twice, as clients expect.
pub(super) fn error(error: &AwsError) -> String {
    json!({ "__type": error.code, "message": error.message, "Message": error.message }).to_string()
}
