//! The ARNs by which requests name state machines and executions.

use super::api::{
    DescribeExecutionRequest, DescribeStateMachineRequest, GetExecutionHistoryRequest, ListExecutionsRequest,
    StartExecutionRequest, StopExecutionRequest,
};
use super::SERVICE;
use crate::AwsError;

/// What an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StateMachine,
    Execution,
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
    DescribeStateMachineRequest: StateMachine state_machine_arn;
    GetExecutionHistoryRequest: Execution execution_arn;
    ListExecutionsRequest: StateMachine state_machine_arn;
    StartExecutionRequest: StateMachine state_machine_arn;
    StopExecutionRequest: Execution execution_arn;
}

impl Kind {
    /// The error for an ARN that names nothing.
    pub(super) fn absent(self, arn: &str) -> AwsError {
        match self {
            Self::StateMachine => AwsError::client(
                "StateMachineDoesNotExist",
                format!("State Machine Does Not Exist: '{arn}'"),
            ),
            Self::Execution => {
                AwsError::client("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
            }
        }
    }

    /// The resource type in an ARN, and how many names follow it.
    fn form(self) -> (&'static str, usize) {
        match self {
            Self::StateMachine => ("stateMachine", 1),
            Self::Execution => ("execution", 2),
        }
    }

    /// Refuses an ARN that is none of this kind, or that belongs to another region than `region`. See
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>.
    pub(super) fn check(self, region: &str, arn: &str) -> Result<(), AwsError> {
        let (wanted, names) = self.form();
        let invalid = |why: String| Err(AwsError::client("InvalidArn", format!("Invalid Arn: '{why}'")));
        let parts: Vec<_> = arn.split(':').collect();
        match parts.as_slice() {
            ["arn", "aws", "states", _, _, kind, ..] if *kind != wanted => {
                invalid(format!("Resource type not valid in this context: {kind}"))
            }
            ["arn", "aws", "states", own, _, _, rest @ ..] if rest.len() == names => {
                if *own == region { Ok(()) } else { Err(self.absent(arn)) }
            }
            ["arn", "aws", "states", _, _, "stateMachine", _, _] => {
                Err(SERVICE.unmodelled("versions and aliases of state machines"))
            }
            _ => invalid(format!("Invalid ARN: {arn}")),
        }
    }
}
