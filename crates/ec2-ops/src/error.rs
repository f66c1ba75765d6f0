//! The one error of the core: what went wrong with an attempt, under a name that the state machine can match.

use serde::{Deserialize, Serialize};

use crate::aws_error::{AwsError, AwsErrorKind};
use crate::document::Problems;
use crate::ids::InstanceId;
use crate::ports::OutputTarget;

/// Why a step did not do its work.
///
/// [`Error::name`] is what Step Functions sees as the error's name; the text is the cause, written for people.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The execution document asks for something that is not possible. Known before any AWS call.
    #[error("the execution document is not valid: {0}")]
    InvalidExecution(Problems),
    /// EC2 refused to launch the instance.
    #[error("the instance could not be launched: {0}")]
    LaunchFailed(String),
    /// EC2 has no capacity for the instance.
    #[error("no capacity for the instance: {0}")]
    CapacityUnavailable(AwsError),
    /// The instance is not running, or its SSM agent is not online, yet.
    #[error("instance {instance} is not ready: {state}")]
    InstanceNotReady {
        /// The instance that is being waited for.
        instance: InstanceId,
        /// What is missing.
        state: String,
    },
    /// The same, of an instance that had to queue for its launch: there is no hurry, and many look.
    #[error("instance {instance} is not ready: {state}")]
    InstanceNotReadyAmongMany {
        /// The instance that is being waited for.
        instance: InstanceId,
        /// What is missing.
        state: String,
    },
    /// The instance is gone, or will never take the command.
    #[error("instance {instance} was lost: {why}")]
    InstanceLost {
        /// The lost instance.
        instance: InstanceId,
        /// How that was noticed.
        why: String,
    },
    /// EC2 took the Spot instance back.
    #[error("Spot instance {instance} was interrupted: {why}")]
    SpotInterrupted {
        /// The interrupted instance.
        instance: InstanceId,
        /// How that was noticed.
        why: String,
    },
    /// The commands ended with a failure.
    #[error("{0}")]
    CommandFailed(Box<CommandFailure>),
    /// The commands did not end within `run_options.timeout_s`.
    #[error("{0}")]
    CommandTimedOut(Box<CommandFailure>),
    /// The commands succeeded and the promised object is not there.
    #[error("the commands succeeded, but {why}: {target}")]
    OutputMissing {
        /// The object that was promised.
        target: OutputTarget,
        /// Absent, stale, or in a bucket that does not exist.
        why: String,
    },
    /// Cleaning up goes on: an instance or a volume is not where it should end yet.
    #[error("not yet cleaned up: {0}")]
    CleanupPending(String),
    /// AWS limits the rate of our calls.
    #[error("throttled: {0}")]
    Throttled(AwsError),
    /// An AWS service, or the way to it, failed for the moment.
    #[error("service unavailable: {0}")]
    ServiceUnavailable(AwsError),
    /// AWS refused a call that should have worked: a missing permission, most often.
    #[error("AWS refused a call: {0}")]
    Refused(AwsError),
    /// A step was handed something that no other part of the system writes.
    #[error("internal error: {0}")]
    Internal(String),
}

/// How the commands of an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandFailure {
    /// The first sentence: what happened.
    pub what: String,
    /// The script's exit code, where it has one.
    pub exit_code: Option<i32>,
    /// The end of what the commands wrote to stderr.
    pub stderr_tail: String,
}

impl std::fmt::Display for CommandFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match self.stderr_tail.trim() {
            "" => Ok(()),
            tail => write!(f, "; stderr ends with: {tail}"),
        }
    }
}

/// What a failed step may have left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Nothing that this step made.
    Nothing,
    /// An instance that is known to exist.
    Instance,
    /// Perhaps an instance: the call's answer was lost.
    Unknown,
}

impl Leftover {
    /// Reads it from an error's name, as a Catch passes it on. Names that are not ours may mean anything.
    pub fn of_error(name: &str) -> Self {
        match name {
            "InvalidExecution" | "LaunchFailed" | "CapacityUnavailable" => Self::Nothing,
            "InstanceNotReady"
            | "InstanceNotReadyAmongMany"
            | "InstanceLost"
            | "SpotInterrupted"
            | "CommandFailed"
            | "CommandTimedOut"
            | "OutputMissing"
            | "CleanupPending" => Self::Instance,
            _ => Self::Unknown,
        }
    }
}

impl Error {
    /// The stable name that `ErrorEquals` in the state machine matches.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidExecution(_) => "InvalidExecution",
            Self::LaunchFailed(_) => "LaunchFailed",
            Self::CapacityUnavailable(_) => "CapacityUnavailable",
            Self::InstanceNotReady { .. } => "InstanceNotReady",
            Self::InstanceNotReadyAmongMany { .. } => "InstanceNotReadyAmongMany",
            Self::InstanceLost { .. } => "InstanceLost",
            Self::SpotInterrupted { .. } => "SpotInterrupted",
            Self::CommandFailed(_) => "CommandFailed",
            Self::CommandTimedOut(_) => "CommandTimedOut",
            Self::OutputMissing { .. } => "OutputMissing",
            Self::CleanupPending(_) => "CleanupPending",
            Self::Throttled(_) => "Throttled",
            Self::ServiceUnavailable(_) => "ServiceUnavailable",
            Self::Refused(_) => "Refused",
            Self::Internal(_) => "InternalError",
        }
    }

    /// Whether the same step, invoked again with the same input, may succeed.
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Self::InstanceNotReady { .. }
                | Self::InstanceNotReadyAmongMany { .. }
                | Self::CleanupPending(_)
                | Self::Throttled(_)
                | Self::ServiceUnavailable(_)
        )
    }

    /// What the failed step may have left behind.
    pub fn leftover(&self) -> Leftover {
        Leftover::of_error(self.name())
    }

    /// Reads the error of a launch: there a refusal is EC2's verdict on what the document asks for.
    pub fn launch(error: AwsError) -> Self {
        match error.kind {
            AwsErrorKind::Refused | AwsErrorKind::NotFound => Self::LaunchFailed(error.to_string()),
            _ => error.into(),
        }
    }
}

/// An error as Step Functions carries it in `Cause`: the shape of a Lambda error, and what the outcome repeats of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// [`Error::name`].
    #[serde(rename = "errorType", default)]
    pub error_type: String,
    /// The text for people.
    #[serde(rename = "errorMessage", default)]
    pub message: String,
    /// The script's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The end of what the commands wrote to stderr.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr_tail: String,
}

impl Error {
    /// The report of this error.
    pub fn report(&self) -> ErrorReport {
        let (Self::CommandFailed(failure) | Self::CommandTimedOut(failure)) = self else {
            return ErrorReport {
                error_type: self.name().to_owned(),
                message: self.to_string(),
                ..ErrorReport::default()
            };
        };
        ErrorReport {
            error_type: self.name().to_owned(),
            message: failure.what.clone(),
            exit_code: failure.exit_code,
            stderr_tail: failure.stderr_tail.clone(),
        }
    }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        match error.kind {
            AwsErrorKind::Throttled => Self::Throttled(error),
            AwsErrorKind::Unavailable => Self::ServiceUnavailable(error),
            AwsErrorKind::Capacity => Self::CapacityUnavailable(error),
            AwsErrorKind::NotFound | AwsErrorKind::Refused => Self::Refused(error),
        }
    }
}
