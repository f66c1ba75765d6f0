//! The errors of tasks, states and executions, by the names that `Retry` and `Catch` match.

use std::sync::Arc;

use serde_json::Value;

/// Matches any error except `States.DataLimitExceeded` and `States.Runtime`.
pub const ALL: &str = "States.ALL";
/// A payload exceeded the quota of 262,144 bytes.
pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
/// More executions of a Map state failed than it tolerates.
pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
/// A task did not send a heartbeat in time.
pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
/// An intrinsic function was called with an argument that it does not accept.
pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
/// The items of a Map state could not be read.
pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
/// The results of a Map state could not be written.
pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";
/// The `ResultPath` does not fit the state's input.
pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
/// The state could not be executed. No `Catch` matches it.
pub const RUNTIME: &str = "States.Runtime";
/// Matches any error of a task except a timeout.
pub const TASK_FAILED: &str = "States.TaskFailed";
/// A task or an execution exceeded its time limit.
pub const TIMEOUT: &str = "States.Timeout";

/// The error names that AWS predefines.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
pub(crate) const PREDEFINED: [&str; 17] = [
    ALL,
    "States.BranchFailed",
    DATA_LIMIT_EXCEEDED,
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    HEARTBEAT_TIMEOUT,
    "States.Http.Socket",
    INTRINSIC_FAILURE,
    ITEM_READER_FAILED,
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    RESULT_PATH_MATCH_FAILURE,
    RESULT_WRITER_FAILED,
    RUNTIME,
    TASK_FAILED,
    TIMEOUT,
];

/// An error name and its cause. AWS allows either to be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The name that `ErrorEquals` matches.
    pub error: Option<Arc<str>>,
    /// The explanation. For an error of a Lambda function, the JSON text that the function returned.
    pub cause: Option<Arc<str>>,
}

impl Failure {
    /// A failure with both an error name and a cause.
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.into()) }
    }

    /// An error that a Lambda function returned as `payload`: its `errorType` is the error name, the whole payload the
    /// cause. Without an `errorType` the name is `Lambda.Unknown`.
    pub fn function_error(payload: &Value) -> Self {
        match payload.get("errorType").and_then(Value::as_str) {
            Some(error_type) => Self::new(error_type, payload.to_string()),
            None => Self::new(
                "Lambda.Unknown",
                format!(
                    "The cause could not be determined because Lambda did not return an error type. \
                     Returned payload: {payload}"
                ),
            ),
        }
    }

    /// A Lambda function exceeded its own timeout of `seconds`. Lambda's name for that is `Sandbox.Timedout`.
    /// See <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>.
    pub fn function_timeout(request_id: &str, seconds: f64) -> Self {
        Self::function_error(&serde_json::json!({
            "errorType": "Sandbox.Timedout",
            "errorMessage": format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds"),
        }))
    }

    /// The Lambda service refused or lost the call, for example with `TooManyRequestsException`. The error name is
    /// `Lambda.` and that code.
    pub fn service_error(code: &str, message: &str) -> Self {
        Self::new(format!("Lambda.{code}"), message)
    }

    /// A task exceeded its time limit. AWS gives no cause.
    pub(crate) fn timeout() -> Self {
        Self { error: Some(TIMEOUT.into()), cause: None }
    }

    /// A payload exceeds a limit. The message is AWS's; `origin` is a state's name or the service of a task.
    pub(crate) fn data_limit_exceeded(origin: &str, excess: &str) -> Self {
        Self::new(DATA_LIMIT_EXCEEDED, format!("The state/task '{origin}' returned a result with {excess}."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_function_error_is_named_by_its_error_type() {
        let failure = Failure::function_error(&json!({"errorType": "InstanceLost", "errorMessage": "gone"}));
        assert_eq!(failure.error.as_deref(), Some("InstanceLost"));
        let cause: Value = serde_json::from_str(&failure.cause.unwrap()).unwrap();
        assert_eq!(cause, json!({"errorType": "InstanceLost", "errorMessage": "gone"}));
    }

    #[test]
    fn a_function_error_without_a_type_is_unknown_to_lambda() {
        let failure = Failure::function_error(&json!({"errorMessage": "gone"}));
        assert_eq!(failure.error.as_deref(), Some("Lambda.Unknown"));
        assert!(failure.cause.unwrap().ends_with(r#"Returned payload: {"errorMessage":"gone"}"#));
    }

    #[test]
    fn a_function_timeout_and_a_service_error_have_the_names_that_aws_gives_them() {
        assert_eq!(Failure::function_timeout("r", 3.0).error.as_deref(), Some("Sandbox.Timedout"));
        assert_eq!(
            Failure::service_error("TooManyRequestsException", "Rate exceeded").error.as_deref(),
            Some("Lambda.TooManyRequestsException")
        );
    }
}
