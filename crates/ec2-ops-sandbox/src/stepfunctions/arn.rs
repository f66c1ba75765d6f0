//! The ARNs by which requests name state machines and executions.

use super::SERVICE;
use super::api::{
    DescribeExecutionRequest, DescribeMapRunRequest, DescribeStateMachineForExecutionRequest,
    DescribeStateMachineRequest, GetExecutionHistoryRequest, ListMapRunsRequest, RedriveExecutionRequest,
    StartExecutionRequest, StopExecutionRequest, UpdateMapRunRequest, UpdateStateMachineRequest,
};
use crate::AwsError;

/// What an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StateMachine,
    Execution,
    MapRun,
}

/// A request about something that has an ARN.
pub(super) trait About {
    /// What it is about.
    const KIND: Kind;
    /// Its ARN.
    fn arn(&self) -> &str;
}

macro_rules! about {
    ($($request:ty: $kind:ident $field:ident;)*) => {
        $(
            impl About for $request {
                const KIND: Kind = Kind::$kind;
                fn arn(&self) -> &str {
                    &self.$field
                }
            }
        )*
    };
}

about! {
    DescribeExecutionRequest: Execution execution_arn;
    DescribeMapRunRequest: MapRun map_run_arn;
    DescribeStateMachineForExecutionRequest: Execution execution_arn;
    DescribeStateMachineRequest: StateMachine state_machine_arn;
    GetExecutionHistoryRequest: Execution execution_arn;
    ListMapRunsRequest: Execution execution_arn;
    RedriveExecutionRequest: Execution execution_arn;
    StartExecutionRequest: StateMachine state_machine_arn;
    StopExecutionRequest: Execution execution_arn;
    UpdateMapRunRequest: MapRun map_run_arn;
    UpdateStateMachineRequest: StateMachine state_machine_arn;
}

impl Kind {
    /// The error for an ARN that names nothing: it is none of this kind, or what it names does not exist. See
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>.
    pub(super) fn absent(self, arn: &str) -> AwsError {
        let (wanted, names) = match self {
            Self::StateMachine => ("stateMachine", 1),
            Self::Execution => ("execution", 2),
            Self::MapRun => ("mapRun", 2),
        };
        let invalid = |why: String| AwsError::client("InvalidArn", format!("Invalid Arn: '{why}'"));
        let parts: Vec<_> = arn.split(':').collect();
        match parts.as_slice() {
            ["arn", "aws", "states", _, _, kind, ..] if *kind != wanted => {
                invalid(format!("Resource type not valid in this context: {kind}"))
            }
            ["arn", "aws", "states", _, _, "stateMachine", _, _] => {
                SERVICE.unmodelled("versions and aliases of state machines")
            }
            ["arn", "aws", "states", _, _, _, rest @ ..] if rest.len() == names => match self {
                Self::StateMachine => AwsError::client(
                    "StateMachineDoesNotExist",
                    format!("State Machine Does Not Exist: '{arn}'"),
                ),
                Self::MapRun => AwsError::client("ResourceNotFound", format!("Resource not found: '{arn}'")),
                Self::Execution => {
                    AwsError::client("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
                }
            },
            _ => invalid(format!("Invalid ARN: {arn}")),
        }
    }

    /// Refuses an ARN of another region than `region`: it names nothing there.
    pub(super) fn check(self, region: &str, arn: &str) -> Result<(), AwsError> {
        if arn.split(':').nth(3) == Some(region) { Ok(()) } else { Err(self.absent(arn)) }
    }
}
