//! Step Functions as a service of the account.

use super::StepFunctions;
use crate::protocol::{JsonVersion, Protocol};
use crate::service::{Action, Description, Rpc, Words, names};

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

const ACTIONS: [Action<StepFunctions>; 11] = [
    ("CreateStateMachine", |states, input| {
        input.with(|request| states.create_state_machine(input.region, request))
    }),
    ("DescribeExecution", |states, input| input.with(|request| states.describe_execution(&request))),
    ("DescribeStateMachine", |states, input| input.with(|request| states.describe_state_machine(&request))),
    ("GetExecutionHistory", |states, input| input.with(|request| states.get_execution_history(&request))),
    ("ListExecutions", |states, input| input.with(|request| states.list_executions(&request))),
    ("ListStateMachines", |states, input| {
        input.with(|request| states.list_state_machines(input.region, &request))
    }),
    ("SendTaskFailure", |states, input| input.with(|request| states.send_task_failure(request))),
    ("SendTaskHeartbeat", |states, input| input.with(|request| states.send_task_heartbeat(&request))),
    ("SendTaskSuccess", |states, input| input.with(|request| states.send_task_success(&request))),
    ("StartExecution", |states, input| input.with(|request| states.start_execution(request))),
    ("StopExecution", |states, input| input.with(|request| states.stop_execution(&request))),
];

impl Rpc for StepFunctions {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}
