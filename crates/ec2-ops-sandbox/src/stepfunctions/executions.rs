//! Executions: started once per name, run to their end, stopped, and completed from outside.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ec2_ops_asl::{Ending, Execution, Failure, Identity, Json, MAX_PAYLOAD_BYTES, TokenError};
use serde_json::json;

use super::api::{
    EmptyResponse, SendTaskFailureRequest, SendTaskHeartbeatRequest, SendTaskSuccessRequest,
    StartExecutionRequest, StartExecutionResponse, StopExecutionRequest, StopExecutionResponse,
};
use super::arn::Kind;
use super::environment::Surroundings;
use super::{Machine, StepFunctions};
use crate::epoch::epoch;
use crate::lock::lock;
use crate::{AwsError, Event};

impl StepFunctions {
    /// `StartExecution`. The same name and input find the execution that is running.
    pub fn start_execution(
        &self,
        request: StartExecutionRequest,
    ) -> Result<StartExecutionResponse, AwsError> {
        let text = request.input.unwrap_or_else(|| "{}".to_owned());
        if text.len() > MAX_PAYLOAD_BYTES {
            let message = "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have \
                           length less than or equal to 262144";
            return Err(AwsError::client("ValidationException", message));
        }
        let input = Json::parse(&text).map_err(|error| {
            AwsError::client(
                "InvalidExecutionInput",
                format!("Invalid State Machine Execution Input: '{error}'"),
            )
        })?;
        let name = request.name.unwrap_or_else(|| self.shared.platform.uuid());
        check_name(&name)?;
        let mut state = lock(&self.shared.state);
        let machine = state.machines.get(&request.state_machine_arn).cloned();
        let machine = machine.ok_or_else(|| Kind::StateMachine.absent(&request.state_machine_arn))?;
        let arn = self.arn(&machine.region, "execution", &format!("{}:{name}", machine.name));
        if let Some(running) = state.executions.get(&arn) {
            if running.history().ending().is_some() || *running.input() != input {
                return Err(AwsError::client(
                    "ExecutionAlreadyExists",
                    format!("Execution Already Exists: '{arn}'"),
                ));
            }
            return Ok(StartExecutionResponse { execution_arn: arn, start_date: epoch(running.started()) });
        }
        let started = self.shared.platform.clock.now();
        let identity = Identity {
            arn: arn.as_str().into(),
            name: name.as_str().into(),
            role_arn: machine.role_arn.as_str().into(),
            state_machine_arn: machine.arn.as_str().into(),
            state_machine_name: machine.name.as_str().into(),
        };
        let execution = Execution::new(identity, input, started);
        let keeps_data = self.shared.keeps_data.load(Ordering::Relaxed);
        let execution = Arc::new(if keeps_data { execution } else { execution.without_data() });
        state.executions.insert(arn.clone(), Arc::clone(&execution));
        state.started_with.insert(arn.clone(), machine.clone());
        state.by_machine.entry(machine.arn.clone()).or_default().push(arn.clone());
        drop(state);
        tokio::spawn(self.clone().run(execution, machine));
        Ok(StartExecutionResponse { execution_arn: arn, start_date: epoch(started) })
    }

    /// `StopExecution`. It is final; one that is over stays as it ended.
    pub fn stop_execution(&self, request: &StopExecutionRequest) -> Result<StopExecutionResponse, AwsError> {
        let execution = self.execution(&request.execution_arn)?;
        let reason = Failure {
            error: request.error.as_deref().map(Into::into),
            cause: request.cause.as_deref().map(Into::into),
        };
        let now = self.shared.platform.clock.now();
        execution.abort(now, reason);
        let stopped = execution.history().ending().map_or(now, |(_, at)| at);
        Ok(StopExecutionResponse { stop_date: epoch(stopped) })
    }

    /// `SendTaskSuccess`.
    pub fn send_task_success(
        &self,
        region: &str,
        request: &SendTaskSuccessRequest,
    ) -> Result<EmptyResponse, AwsError> {
        self.tokens(region)
            .send_success(&request.task_token, &request.output)
            .map_err(|error| refused(&error))?;
        Ok(EmptyResponse {})
    }

    /// `SendTaskFailure`.
    pub fn send_task_failure(
        &self,
        region: &str,
        request: SendTaskFailureRequest,
    ) -> Result<EmptyResponse, AwsError> {
        let failure = Failure { error: request.error.map(Into::into), cause: request.cause.map(Into::into) };
        self.tokens(region).send_failure(&request.task_token, failure).map_err(|error| refused(&error))?;
        Ok(EmptyResponse {})
    }

    /// `SendTaskHeartbeat`.
    pub fn send_task_heartbeat(
        &self,
        region: &str,
        request: &SendTaskHeartbeatRequest,
    ) -> Result<EmptyResponse, AwsError> {
        self.tokens(region).send_heartbeat(&request.task_token).map_err(|error| refused(&error))?;
        Ok(EmptyResponse {})
    }

    /// The execution of that ARN.
    pub fn execution(&self, arn: &str) -> Result<Arc<Execution>, AwsError> {
        let found = lock(&self.shared.state).executions.get(arn).cloned();
        found.ok_or_else(|| Kind::Execution.absent(arn))
    }

    pub(super) async fn run(self, execution: Arc<Execution>, machine: Machine) {
        self.announce(&execution, "RUNNING");
        let tokens = self.tokens(&machine.region);
        let surroundings = Surroundings { region: machine.region, states: self.clone() };
        let ending = execution.run(&machine.definition, &surroundings, &tokens).await;
        self.announce(&execution, ending.status());
    }

    /// See <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>.
    pub(super) fn announce(&self, execution: &Execution, status: &str) {
        let ended = execution.history().ending();
        let (output, failure) = parts(ended.as_ref().map(|(ending, _)| ending));
        let identity = execution.identity();
        self.shared.platform.events.publish(&Event {
            source: "aws.states".to_owned(),
            detail_type: "Step Functions Execution Status Change".to_owned(),
            region: identity.region().to_owned(),
            resources: vec![identity.arn.to_string()],
            detail: json!({
                "executionArn": &*identity.arn,
                "stateMachineArn": &*identity.state_machine_arn,
                "name": &*identity.name,
                "status": status,
                "startDate": execution.started().as_millisecond(),
                "stopDate": ended.as_ref().map(|(_, at)| at.as_millisecond()),
                "input": execution.input().to_string(),
                "inputDetails": { "included": true },
                "output": output,
                "outputDetails": output.as_ref().map(|_| json!({ "included": true })),
                "error": failure.error.as_deref(),
                "cause": failure.cause.as_deref(),
            }),
        });
    }

    pub(super) fn arn(&self, region: &str, kind: &str, name: &str) -> String {
        format!("arn:aws:states:{region}:{}:{kind}:{name}", self.shared.platform.account_id)
    }
}

/// The output of an execution that succeeded, and the error and cause of one that did not.
pub(super) fn parts(ending: Option<&Ending>) -> (Option<String>, Failure) {
    match ending {
        Some(Ending::Succeeded { output }) => (Some(output.to_string()), Failure::default()),
        Some(Ending::Failed(failure) | Ending::Aborted(failure)) => (None, failure.clone()),
        Some(Ending::TimedOut) | None => (None, Failure::default()),
    }
}

fn refused(error: &TokenError) -> AwsError {
    AwsError::client(error.code(), error.to_string())
}

/// See <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>.
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let forbidden =
        |c: char| c.is_whitespace() || c.is_control() || r##"<>{}[]?*"#%\^|~`$&,;:/"##.contains(c);
    if name.is_empty() || name.chars().count() > 80 || name.contains(forbidden) {
        return Err(AwsError::client("InvalidName", format!("Invalid Name: '{name}'")));
    }
    Ok(())
}
