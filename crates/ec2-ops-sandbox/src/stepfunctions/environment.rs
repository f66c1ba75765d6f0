//! The surroundings of an execution: functions, objects and other executions of its region.

use std::sync::Arc;

use ec2_ops_asl::{Environment, Execution, Failure, Invocation, MapRun, StartExecution};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::api::{DescribeExecutionRequest, StartExecutionRequest, StopExecutionRequest};
use super::{StartFault, StepFunctions};
use crate::AwsError;
use crate::lambda::InvokeError;
use crate::lock::lock;

/// The surroundings of the executions of one region.
pub(super) struct Surroundings {
    pub(super) region: String,
    pub(super) states: StepFunctions,
}

impl Environment for Surroundings {
    fn now(&self) -> Timestamp {
        self.states.shared.platform.clock.now()
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Value, Failure> {
        let payload = invocation.payload().clone();
        match self.states.shared.lambda.invoke(&self.region, invocation.function_name(), payload).await {
            Ok(answer) => Ok(answer),
            Err(InvokeError::Function(error)) => Err(Failure::function_error(&error)),
            Err(InvokeError::Service(error)) => Err(Failure::service_error(&error.code, &error.message)),
        }
    }

    fn fraction(&self) -> f64 {
        self.states.shared.platform.fraction()
    }

    async fn transition(&self, region: &str) {
        let delay = self.states.shared.platform.quotas.transition(region);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }

    async fn start_execution(&self, start: StartExecution) -> Result<Value, Failure> {
        let StartExecution { state_machine_arn, name, input } = start;
        if !self.states.shared.platform.quotas.admit(&self.region, "StartExecution") {
            return Err(Failure::new("StepFunctions.ThrottlingException", "Rate exceeded"));
        }
        let fault = self.states.start_fault();
        if let Some(StartFault::Refused(failure)) = fault {
            return Err(failure);
        }
        let request = StartExecutionRequest { state_machine_arn, name, input: Some(input) };
        let started = self.states.start_execution(request).map_err(|error| integration_failure(&error))?;
        match fault {
            Some(StartFault::AnswerLost(failure)) => Err(failure),
            _ => Ok(in_pascal_case(json!(started))),
        }
    }

    async fn execution_ended(&self, arn: &str) -> Value {
        if let Ok(execution) = self.states.execution(arn) {
            execution.history().ended().await;
        }
        let request = DescribeExecutionRequest { execution_arn: arn.to_owned(), included_data: None };
        self.states
            .describe_execution(&request)
            .map_or(Value::Null, |description| in_pascal_case(json!(description)))
    }

    fn stop_execution(&self, arn: &str) {
        let request = StopExecutionRequest { execution_arn: arn.to_owned(), error: None, cause: None };
        // The only error is that there is no such execution, and it is one that was started.
        let _ = self.states.stop_execution(&request);
    }

    async fn get_object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, String> {
        let object = self.states.shared.s3.get_object(bucket, key).map_err(|error| error.message)?;
        Ok(object.body.to_vec())
    }

    async fn put_object(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), String> {
        self.states.shared.s3.put_object(bucket, key, body).map_err(|error| error.message)?;
        Ok(())
    }

    fn map_run_started(&self, run: &Arc<MapRun>) {
        lock(&self.states.shared.state).map_runs.insert(run.arn.to_string(), Arc::clone(run));
    }

    fn child_started(&self, run: &MapRun, child: &Arc<Execution>) {
        let arn = child.identity().arn.to_string();
        let mut state = lock(&self.states.shared.state);
        state.children.entry(run.arn.to_string()).or_default().push(arn.clone());
        state.executions.insert(arn, Arc::clone(child));
        drop(state);
        self.states.announce(child, "RUNNING");
    }

    fn child_ended(&self, child: &Execution) {
        if let Some((ending, _)) = child.history().ending() {
            self.states.announce(child, ending.status());
        }
    }
}

/// The error of a task whose call Step Functions refused.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>.
fn integration_failure(error: &AwsError) -> Failure {
    let code = error.code.trim_end_matches("Exception");
    Failure::new(format!("StepFunctions.{code}Exception"), error.message.clone())
}

/// A response as a service integration returns it: its members begin with a capital letter, and none is null.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html>.
fn in_pascal_case(value: Value) -> Value {
    let capital = |name: &str| {
        let (first, rest) = name.split_at(name.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (capital(&name), in_pascal_case(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}
