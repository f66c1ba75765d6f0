//! What the interpreter calls.

use std::future::Future;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::Value;

use crate::failure::Failure;
use crate::json::Json;

/// Gives the interpreter a clock, functions and random numbers. Delays and timeouts use tokio's clock, so
/// [`now`](Self::now) should follow it.
pub trait Environment: Send + Sync {
    /// The wall clock, for the history, the context object and waiting until a timestamp.
    fn now(&self) -> Timestamp;

    /// Invokes a Lambda function and returns its response.
    ///
    /// The future is dropped when the response is no longer needed: the task timed out, its token was completed first,
    /// or the execution was stopped. On AWS a function that has started runs on. An implementation that models this
    /// spawns the function, and only waits for it here.
    fn invoke(&self, invocation: Invocation) -> impl Future<Output = Result<Value, Failure>> + Send;

    /// A random number in `0.0..1.0`, for the jitter of retries.
    fn fraction(&self) -> f64;

    /// Waits until the quota of `region` allows another state transition: the entry of a state, or the retry of a task.
    /// By default returns at once.
    fn transition(&self, _region: &str) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// A call of a Lambda function. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The task's parameters, shared with the history.
    pub(super) parameters: Arc<Json>,
}

impl Invocation {
    /// `FunctionName`: a name, a partial or a full ARN.
    pub fn function_name(&self) -> &str {
        self.parameters["FunctionName"].as_str().unwrap_or_default()
    }

    /// `Payload`; an empty object where the definition has none.
    pub fn payload(&self) -> &Value {
        static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::Object(serde_json::Map::new()));
        self.parameters.get("Payload").unwrap_or(&EMPTY)
    }
}
