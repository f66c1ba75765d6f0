//! The interface to a function's code: an invocation in, its result out.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

/// One invocation, as a runtime receives it.
#[derive(Clone, Debug)]
pub struct Request {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: String,
    /// The ARN of the function that was invoked.
    pub function_arn: String,
    /// The event.
    pub payload: Value,
    /// When the function will be stopped, in milliseconds since the epoch.
    pub deadline_ms: i64,
}

/// The result of a function: its answer, or its error in Lambda's JSON shape (`errorType`, `errorMessage`).
pub type FunctionResult = Result<Value, Value>;

/// The future of an invocation. Dropping it kills the function.
pub type Running = Pin<Box<dyn Future<Output = FunctionResult> + Send>>;

/// Runs the code of a function.
pub trait Runtime: Send + Sync {
    /// Starts one invocation.
    fn invoke(&self, request: Request) -> Running;
}

impl<F> Runtime for F
where
    F: Fn(Request) -> Running + Send + Sync,
{
    fn invoke(&self, request: Request) -> Running {
        self(request)
    }
}
