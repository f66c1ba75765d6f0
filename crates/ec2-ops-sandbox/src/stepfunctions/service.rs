//! Step Functions as a service of the account.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::StepFunctions;
use super::arn::About;
use crate::AwsError;
use crate::protocol::{JsonVersion, Protocol};
use crate::service::{Action, Description, Input, Rpc, Words, names};

/// Its errors: <https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>.
pub(crate) const SERVICE: Description = Description {
    name: "Step Functions",
    signing_name: "states",
    protocol: Protocol::AwsJson(JsonVersion::V1_0),
    failure: Words(500, "InternalFailure"),
    throttling: Words(400, "ThrottlingException"),
    denial: Words(400, "AccessDeniedException"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<StepFunctions>; 18] = [
    ("CreateStateMachine", |states, input| {
        input.with(|request| states.create_state_machine(input.region, request))
    }),
    ("DescribeExecution", |states, input| about(input, |request| states.describe_execution(&request))),
    ("DescribeMapRun", |states, input| about(input, |request| states.describe_map_run(&request))),
    ("DescribeStateMachine", |states, input| about(input, |request| states.describe_state_machine(&request))),
    ("DescribeStateMachineForExecution", |states, input| {
        about(input, |request| states.describe_state_machine_for_execution(&request))
    }),
    ("GetExecutionHistory", |states, input| about(input, |request| states.get_execution_history(&request))),
    ("ListExecutions", |states, input| input.with(|request| states.list_executions(input.region, &request))),
    ("ListMapRuns", |states, input| about(input, |request| states.list_map_runs(&request))),
    ("ListStateMachines", |states, input| {
        input.with(|request| states.list_state_machines(input.region, &request))
    }),
    ("RedriveExecution", |states, input| about(input, |request| states.redrive_execution(request))),
    ("SendTaskFailure", |states, input| {
        input.with(|request| states.send_task_failure(input.region, request))
    }),
    ("SendTaskHeartbeat", |states, input| {
        input.with(|request| states.send_task_heartbeat(input.region, &request))
    }),
    ("SendTaskSuccess", |states, input| {
        input.with(|request| states.send_task_success(input.region, &request))
    }),
    ("StartExecution", |states, input| about(input, |request| states.start_execution(request))),
    ("StopExecution", |states, input| about(input, |request| states.stop_execution(&request))),
    ("UpdateMapRun", |states, input| about(input, |request| states.update_map_run(&request))),
    ("UpdateStateMachine", |states, input| about(input, |request| states.update_state_machine(request))),
    ("ValidateStateMachineDefinition", |states, input| {
        input.with(|request| states.validate_state_machine_definition(&request))
    }),
];

/// Reads a request and performs it, if its ARN is one of the caller's region.
fn about<I: About + DeserializeOwned, O: Serialize>(
    input: &Input<'_>,
    operation: impl FnOnce(I) -> Result<O, AwsError>,
) -> Result<Value, AwsError> {
    input.with(|request: I| {
        I::KIND.check(input.region, request.arn())?;
        operation(request)
    })
}

impl Rpc for StepFunctions {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}
