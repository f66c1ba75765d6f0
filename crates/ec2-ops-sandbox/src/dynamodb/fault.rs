//! The error that most refusals of DynamoDB are.

use crate::AwsError;

/// A request that breaks a rule of the API.
pub(super) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationException", message)
}
