//! What the interpreter calls.

use std::future::Future;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::Value;

use super::execution::Execution;
use super::map_run::MapRun;
use super::nested::StartExecution;
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

    /// A random number in `0.0..1.0`, for the jitter of retries and for names.
    fn fraction(&self) -> f64;

    /// Starts an execution of another state machine, and returns the response of `StartExecution`, with names like
    /// `ExecutionArn`. By default there is no other state machine.
    fn start_execution(&self, start: StartExecution) -> impl Future<Output = Result<Value, Failure>> + Send {
        let message = format!("State Machine Does Not Exist: '{}'", start.state_machine_arn);
        std::future::ready(Err(Failure::new("StepFunctions.StateMachineDoesNotExistException", message)))
    }

    /// Waits until the execution `arn` has ended, and returns the response of `DescribeExecution`, with names like
    /// `Status`. Called only after [`start_execution`](Self::start_execution) has succeeded.
    fn execution_ended(&self, _arn: &str) -> impl Future<Output = Value> + Send {
        std::future::pending()
    }

    /// Stops the execution `arn`, because the task that waits for it no longer does: `StopExecution`.
    fn stop_execution(&self, _arn: &str) {}

    /// Reads an object from S3, for an `ItemReader`. By default there is none. An error is AWS's message.
    fn get_object(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Vec<u8>, String>> + Send {
        std::future::ready(Err(format!("there is no object s3://{bucket}/{key}")))
    }

    /// Writes an object to S3, for a `ResultWriter`. By default there is no bucket. An error is AWS's message.
    fn put_object(
        &self,
        bucket: &str,
        _key: &str,
        _body: Vec<u8>,
    ) -> impl Future<Output = Result<(), String>> + Send {
        std::future::ready(Err(format!("there is no bucket {bucket}")))
    }

    /// A map run began. It can be described, and updated, while it runs and afterwards.
    fn map_run_started(&self, _run: &Arc<MapRun>) {}

    /// A child execution of `run` began.
    fn child_started(&self, _run: &MapRun, _child: &Arc<Execution>) {}

    /// A child execution has ended.
    fn child_ended(&self, _child: &Execution) {}

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
