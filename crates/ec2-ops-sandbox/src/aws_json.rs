//! What the awsJson protocols share: JSON bodies both ways, and moments as epoch seconds.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::AwsError;

/// Reads the request in `body`, and writes the answer of `operation`. `SerializationException` names an unknown field.
pub(crate) fn answer<I: DeserializeOwned, O: Serialize>(
    body: &[u8],
    operation: impl FnOnce(I) -> Result<O, AwsError>,
) -> Result<Value, AwsError> {
    let input = serde_json::from_slice(body)
        .map_err(|fault| AwsError::client("SerializationException", fault.to_string()))?;
    serde_json::to_value(operation(input)?)
        .map_err(|fault| AwsError::server("InternalServerError", fault.to_string()))
}

/// Epoch seconds with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era fit a double")]
pub(crate) fn epoch(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
