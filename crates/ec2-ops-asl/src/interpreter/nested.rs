//! A task that starts an execution of another state machine, and may wait for its end.

use std::sync::Arc;

use serde_json::Value;

use super::environment::Environment;
use super::task::{Attempt, Outcome, after};
use super::visit::{Stop, Visit};
use crate::definition::Resource;
use crate::failure::{Failure, TASK_FAILED};
use crate::history::Details;
use crate::json::Json;

/// A call of `StartExecution` by a task.
#[derive(Clone, Debug, PartialEq)]
pub struct StartExecution {
    /// `StateMachineArn`
    pub state_machine_arn: String,
    /// `Name`
    pub name: Option<String>,
    /// `Input`, as JSON text.
    pub input: String,
}

/// Stops the execution that a task waits for, when the task no longer waits: its timeout has passed, or its own execution
/// has ended. See <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync>.
struct StopOnDrop<'a, E: Environment> {
    environment: &'a E,
    arn: Option<String>,
}

impl<E: Environment> Drop for StopOnDrop<'_, E> {
    fn drop(&mut self) {
        if let Some(arn) = &self.arn {
            self.environment.stop_execution(arn);
        }
    }
}

impl<E: Environment> Visit<'_, E> {
    /// Starts the execution. The answer is the task's result.
    pub(super) async fn start_execution(&self, attempt: &Attempt) -> Outcome {
        let answer = self.environment.start_execution(start(&attempt.invocation.parameters)).await;
        Outcome::Completed(answer.map(|answer| Arc::new(answer.into())))
    }

    /// Starts the execution. Its description is the task's result, with its input and output as JSON.
    pub(super) async fn start_and_wait(&self, attempt: &Attempt) -> Result<Outcome, Stop> {
        let started = match self.environment.start_execution(start(&attempt.invocation.parameters)).await {
            Ok(started) => started,
            Err(failure) => return Ok(Outcome::Completed(Err(failure))),
        };
        let arn = started["ExecutionArn"].as_str().unwrap_or_default().to_owned();
        let mut guard = StopOnDrop { environment: self.environment, arn: Some(arn.clone()) };
        self.record(Details::TaskSubmitted {
            resource: Resource::StartExecutionSync2,
            output: Arc::new(started.into()),
        })?;
        tokio::select! {
            biased;
            description = self.environment.execution_ended(&arn) => {
                guard.arn = None;
                Ok(Outcome::Completed(result(description).map(|result| Arc::new(result.into()))))
            }
            () = after(attempt.timeout) => Ok(Outcome::TimedOut { heartbeat: false }),
        }
    }
}

fn start(parameters: &Json) -> StartExecution {
    let text = |name: &str| parameters[name].as_str().map(str::to_owned);
    StartExecution {
        state_machine_arn: text("StateMachineArn").unwrap_or_default(),
        name: text("Name"),
        // An input that is no text is sent as its JSON text.
        input: match parameters.get("Input") {
            None => "{}".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(input) => input.to_string(),
        },
    }
}

/// The result of a task whose execution has ended as `description` says: `DescribeExecution`'s response.
fn result(mut description: Value) -> Result<Value, Failure> {
    for field in ["Input", "Output"] {
        if let Some(value) = description.get_mut(field)
            && let Some(json) = value.as_str().and_then(|text| serde_json::from_str(text).ok())
        {
            *value = json;
        }
    }
    if description["Status"] == "SUCCEEDED" {
        Ok(description)
    } else {
        Err(Failure::new(TASK_FAILED, description.to_string()))
    }
}
