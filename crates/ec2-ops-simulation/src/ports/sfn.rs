//! Step Functions: tasks to complete, and executions to look at.

use std::collections::BTreeSet;

use ec2_ops::ids::{ExecutionId, StateMachineId, TaskToken};
use ec2_ops::ports::{Delivery, ExecutionState, Executions};
use serde_json::Value;

use super::{Answer, Gate, PAGE, Ports, all_pages};
use ec2_ops_sandbox::iam::On;
use ec2_ops_sandbox::stepfunctions::api::{
    DescribeExecutionRequest, GetExecutionHistoryRequest, IncludedData, ListExecutionsRequest,
    SendTaskFailureRequest, SendTaskSuccessRequest,
};

impl<G: Gate> Executions for Ports<G> {
    async fn complete(&self, token: &TaskToken, output: &Value) -> Answer<Delivery> {
        let request = SendTaskSuccessRequest { task_token: token.to_string(), output: output.to_string() };
        let effect = || self.account.stepfunctions.send_task_success(&self.names.region, &request).map(drop);
        delivery(self.call(&self.names.region, "SendTaskSuccess", On::Anything("states"), effect).await)
    }

    async fn fail(&self, token: &TaskToken, error: &str, cause: &str) -> Answer<Delivery> {
        let request = SendTaskFailureRequest {
            task_token: token.to_string(),
            error: Some(error.to_owned()),
            cause: Some(cause.to_owned()),
        };
        let effect = || self.account.stepfunctions.send_task_failure(&self.names.region, request).map(drop);
        delivery(self.call(&self.names.region, "SendTaskFailure", On::Anything("states"), effect).await)
    }

    async fn running(&self, state_machine: &StateMachineId) -> Answer<BTreeSet<ExecutionId>> {
        let running = all_pages(|next_token| async {
            let request = ListExecutionsRequest {
                state_machine_arn: Some(state_machine.to_string()),
                map_run_arn: None,
                status_filter: Some("RUNNING".to_owned()),
                max_results: Some(PAGE),
                next_token,
            };
            let effect = || self.account.stepfunctions.list_executions(&self.names.region, &request);
            let page = self
                .call(&self.names.region, "ListExecutions", On::States(state_machine.as_str()), effect)
                .await?;
            let executions = page.executions.into_iter().map(|item| ExecutionId::new(item.execution_arn));
            Ok((executions.collect(), page.next_token))
        });
        Ok(running.await?.into_iter().collect())
    }

    async fn state(&self, execution: &ExecutionId) -> Answer<ExecutionState> {
        let request = DescribeExecutionRequest {
            execution_arn: execution.to_string(),
            included_data: Some(IncludedData::MetadataOnly),
        };
        let effect = || self.account.stepfunctions.describe_execution(&request);
        match self.call(&self.names.region, "DescribeExecution", On::States(execution.as_str()), effect).await
        {
            Ok(described) if described.status == "RUNNING" => Ok(ExecutionState::Running),
            Ok(_) => Ok(ExecutionState::Over),
            Err(error) if ["ExecutionDoesNotExist", "InvalidArn"].contains(&error.code.as_str()) => {
                Ok(ExecutionState::Unknown)
            }
            Err(error) => Err(error),
        }
    }

    async fn last_state(&self, execution: &ExecutionId) -> Answer<Option<Value>> {
        let mut next_token = None;
        loop {
            let request = GetExecutionHistoryRequest {
                execution_arn: execution.to_string(),
                max_results: Some(PAGE),
                next_token,
                reverse_order: Some(true),
                include_execution_data: Some(true),
            };
            let effect = || self.account.stepfunctions.get_execution_history(&request);
            let on = On::States(execution.as_str());
            let page = self.call(&self.names.region, "GetExecutionHistory", on, effect).await?;
            let mut entered = page.events.iter().filter_map(|event| {
                let input = event["stateEnteredEventDetails"]["input"].as_str()?;
                Some(serde_json::from_str(input).unwrap_or_default())
            });
            if let Some(input) = entered.next() {
                return Ok(Some(input));
            }
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(None);
            }
        }
    }
}

fn delivery(answer: Answer<()>) -> Answer<Delivery> {
    match answer {
        Ok(()) => Ok(Delivery::Accepted),
        Err(error) if matches!(error.code.as_str(), "TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => {
            Ok(Delivery::Stale)
        }
        Err(error) => Err(error),
    }
}
