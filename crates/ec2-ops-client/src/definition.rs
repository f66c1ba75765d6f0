//! The definition that an execution follows.

use serde_json::Value;

use crate::{Client, Error};

impl Client {
    /// The definition of the state machine, as the execution with that ARN follows it: an update changes it for later ones.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn definition(&self, arn: &str) -> Result<Value, Error> {
        let call = self.sfn.describe_state_machine_for_execution().execution_arn(arn);
        let described =
            call.send().await.map_err(|error| Error::of_call("DescribeStateMachineForExecution", &error))?;
        Ok(serde_json::from_str(described.definition()).unwrap_or_default())
    }
}
