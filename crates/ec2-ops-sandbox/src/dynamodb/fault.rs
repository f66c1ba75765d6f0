//! `ValidationException`, DynamoDB's most frequent error.

use crate::AwsError;

/// A request that breaks a rule of the API.
pub(super) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationException", message)
}
