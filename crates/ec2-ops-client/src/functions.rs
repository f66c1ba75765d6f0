//! The functions of the deployment.

use std::collections::BTreeSet;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sfn::types::StateMachineStatus;
use serde_json::Value;

use crate::{Client, Error};

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Invoked {
    /// The function's answer.
    Answered(Value),
    /// The error that the function, or its runtime, reports.
    Failed {
        /// Its name, `InternalError`.
        error: String,
        /// What it says to people.
        message: String,
    },
}

/// The state machine as it is now.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Whether it takes executions; else it is being deleted.
    pub active: bool,
    /// The ARNs of the functions that it invokes.
    pub functions: BTreeSet<String>,
    /// Its definition; null where it is not JSON.
    pub definition: Value,
}

impl Client {
    /// The ARN of the user or role that asks.
    ///
    /// # Errors
    /// Where STS cannot be asked.
    pub async fn caller(&self) -> Result<String, Error> {
        let identity = self.sts().get_caller_identity().send().await;
        let identity = identity.map_err(|error| Error::of_call("GetCallerIdentity", &error))?;
        Ok(identity.arn().unwrap_or_default().to_owned())
    }

    /// The state machine.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn machine(&self) -> Result<Machine, Error> {
        let call = self.sfn.describe_state_machine().state_machine_arn(self.state_machine_arn());
        let described = call.send().await.map_err(|error| Error::of_call("DescribeStateMachine", &error))?;
        let definition = serde_json::from_str(described.definition()).unwrap_or_default();
        Ok(Machine {
            active: described.status() != Some(&StateMachineStatus::Deleting),
            functions: functions_in(&definition),
            definition,
        })
    }

    /// Invokes the function with that ARN, and waits for its end.
    ///
    /// # Errors
    /// Where Lambda did not run the function.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Invoked, Error> {
        let payload = Blob::new(payload.to_string());
        let call = self.lambda().invoke().function_name(function).payload(payload);
        let invoked = call.send().await.map_err(|error| Error::of_call("Invoke", &error))?;
        let answer = invoked.payload().map(Blob::as_ref).unwrap_or_default();
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        Ok(match invoked.function_error() {
            Some(_) => Invoked::Failed { error: text("errorType"), message: text("errorMessage") },
            None => Invoked::Answered(answer),
        })
    }
}

fn functions_in(definition: &Value) -> BTreeSet<String> {
    let states = definition["States"].as_object().into_iter().flat_map(|states| states.values());
    states.filter_map(|state| state["Parameters"]["FunctionName"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_those_that_the_definition_invokes() {
        let definition = include_str!("../../../state_machine/run_commands.asl.json");
        let functions = functions_in(&serde_json::from_str(definition).unwrap());
        let names = ["Commander", "EC2Poller", "EC2StarterFromAMI", "EC2Stopper", "RunChecker"];
        assert_eq!(functions, names.map(|name| format!("${{{name}}}")).into());
    }
}
