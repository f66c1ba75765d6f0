//! The error of all steps, under names that the state machine can match.
//!
//! A new error is a variant of [`Error`], with its message, and a row of the table in `kind.rs`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws_error::{AwsError, AwsErrorKind};
use crate::document::Problems;
use crate::ids::InstanceId;
use crate::output_target::OutputTarget;

mod kind;

pub use kind::{ErrorKind, Leftover};

/// Why a step failed.
///
/// Step Functions sees [`Error::name`] as the error's name, and the text, which is for people, as its cause.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The execution document asks for something that is not possible. Known before any AWS call.
    #[error("the execution document is not valid: {0}")]
    InvalidExecution(Problems),
    /// An input does not exist, and the attempt has waited for it as long as its document allows.
    #[error("an input is missing: {0}")]
    InputMissing(OutputTarget),
    /// An input does not exist yet. The state machine looks again, minutes later.
    #[error("an input does not exist yet: {0}")]
    InputsPending(OutputTarget),
    /// EC2 refused to launch the instance.
    #[error("the instance could not be launched: {0}")]
    LaunchFailed(String),
    /// EC2 has no capacity for any candidate of the attempt.
    #[error("no capacity for the instance: {0}")]
    CapacityUnavailable(AwsError),
    /// EC2 has no capacity for this candidate, and the attempt has another one: the state machine enters the launch state
    /// again, with the next number.
    ///
    /// The state keeps the text of each of these errors, so it is short.
    #[error("{}: {}", .0.code, .0.message.chars().take(100).collect::<String>())]
    CandidateUnavailable(AwsError),
    /// EC2 cannot launch the instance now, and may later: a quota is used up, or something is not ready yet. The state machine
    /// tries the same launch again, minutes apart.
    #[error("the instance cannot be launched yet: {0}")]
    LaunchDelayed(AwsError),
    /// The instance is not running yet, or its SSM agent is not online yet.
    #[error("instance {instance} is not ready: {state}")]
    InstanceNotReady {
        /// The instance.
        instance: InstanceId,
        /// What it lacks.
        state: String,
    },
    /// The same, at the time at which most instances get ready. The state machine retries it at a steady pace of seconds, so that
    /// little paid time is lost.
    #[error("instance {instance} is not ready: {state}")]
    InstanceBooting {
        /// The instance.
        instance: InstanceId,
        /// What it lacks.
        state: String,
    },
    /// The same, but the attempt queued for its launch, together with many others. The state machine retries it less
    /// often: all of them share the quotas of the calls.
    #[error("instance {instance} is not ready: {state}")]
    QueuedInstanceNotReady {
        /// The instance.
        instance: InstanceId,
        /// What it lacks.
        state: String,
    },
    /// The instance is gone, or unreachable for good.
    #[error("instance {instance} was lost: {why}")]
    InstanceLost {
        /// The lost instance.
        instance: InstanceId,
        /// How it shows.
        why: String,
    },
    /// EC2 took the Spot instance back.
    #[error("Spot instance {instance} was interrupted: {why}")]
    SpotInterrupted {
        /// The interrupted instance.
        instance: InstanceId,
        /// How it shows.
        why: String,
    },
    /// The commands failed.
    #[error("{0}")]
    CommandFailed(Box<CommandFailure>),
    /// The commands did not end within `run_options.timeout_s`.
    #[error("{0}")]
    CommandTimedOut(Box<CommandFailure>),
    /// A person cancelled the commands.
    #[error("{0}")]
    Cancelled(Box<CommandFailure>),
    /// The commands succeeded, but the promised object does not exist.
    #[error("the commands succeeded, but {why}: {target}")]
    OutputMissing {
        /// The object that was promised.
        target: OutputTarget,
        /// Absent, stale, or in a bucket that does not exist.
        why: String,
    },
    /// The cleanup is not finished: an instance is still ending, or a volume still exists.
    #[error("not yet cleaned up: {0}")]
    CleanupPending(String),
    /// AWS throttled a call.
    #[error("throttled: {0}")]
    Throttled(AwsError),
    /// An AWS service, or the network to it, failed for the moment.
    #[error("service unavailable: {0}")]
    ServiceUnavailable(AwsError),
    /// AWS refused a call that should have worked; most often a permission is missing.
    #[error("AWS refused a call: {0}")]
    Refused(AwsError),
    /// A step got input that no other part of the system writes.
    #[error("internal error: {0}")]
    InternalError(String),
    /// One of the others, from the first try of a launch: it shows that nothing was launched. A repetition cannot show that,
    /// because the answer of an earlier try may have been lost.
    #[error("{0}{NOTHING_LAUNCHED}")]
    FirstTry(Box<Self>),
}

/// The end of the message of [`Error::FirstTry`]. Lambda reports nothing but a name and a message to the state machine.
const NOTHING_LAUNCHED: &str = "; nothing was launched";

/// How the commands of an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandFailure {
    /// What happened, in one sentence.
    pub what: String,
    /// What SSM says of them.
    pub commands: CommandsReport,
}

/// What SSM says of commands that did not succeed. It only explains, so every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandsReport {
    /// The script's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// When the agent started the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When the script ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The end of the commands' stdout.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout_tail: String,
    /// The end of the commands' stderr.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr_tail: String,
    /// The streams of which SSM has only the beginning, so that the tail is not their end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Stream>,
}

/// What commands print to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The name that the SSM agent gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl std::fmt::Display for CommandFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match self.commands.stderr_tail.trim() {
            "" => Ok(()),
            tail => write!(f, "; stderr ends with: {tail}"),
        }
    }
}

impl Error {
    /// The stable name that `ErrorEquals` in the state machine matches.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Whether the same step, invoked again with the same input, may succeed.
    pub fn retryable(&self) -> bool {
        self.kind().retryable()
    }

    /// The error of a failed `RunInstances`: a refusal there is about the launch that the document asks for.
    ///
    /// A client token that was used with other parameters says that an earlier launch may have left an instance.
    pub fn launch(error: AwsError) -> Self {
        match error.kind {
            AwsErrorKind::Refused if error.code == "IdempotentParameterMismatch" => Self::Refused(error),
            AwsErrorKind::Throttled | AwsErrorKind::Unavailable | AwsErrorKind::Capacity => error.into(),
            _ => Self::LaunchFailed(error.to_string()),
        }
    }

    /// The same error, from the first try of a launch.
    pub(crate) fn of_first_try(self) -> Self {
        match self.kind().leftover() {
            // The state machine keeps its text, and goes on.
            _ if matches!(self, Self::CandidateUnavailable(_)) => self,
            Leftover::Nothing => Self::FirstTry(Box::new(self)),
            Leftover::Instance | Leftover::Unknown => self,
        }
    }
}

/// An error as Step Functions carries it in `Cause`: a Lambda error, with the details that the outcome repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// [`Error::name`].
    #[serde(rename = "errorType", default)]
    pub error_type: String,
    /// The text for people.
    #[serde(rename = "errorMessage", default)]
    pub message: String,
    /// What SSM says of the commands.
    #[serde(flatten)]
    pub commands: CommandsReport,
}

impl ErrorReport {
    /// Whether the error is [`Error::FirstTry`].
    pub(crate) fn is_of_first_try(&self) -> bool {
        self.message.ends_with(NOTHING_LAUNCHED)
    }
}

impl Error {
    /// The report of this error.
    pub fn report(&self) -> ErrorReport {
        let (Self::CommandFailed(failure) | Self::CommandTimedOut(failure) | Self::Cancelled(failure)) = self
        else {
            return ErrorReport {
                error_type: self.name().to_owned(),
                message: self.to_string(),
                ..ErrorReport::default()
            };
        };
        ErrorReport {
            error_type: self.name().to_owned(),
            message: failure.what.clone(),
            commands: failure.commands.clone(),
        }
    }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        match error.kind {
            AwsErrorKind::Throttled => Self::Throttled(error),
            AwsErrorKind::Unavailable => Self::ServiceUnavailable(error),
            AwsErrorKind::Capacity => Self::CapacityUnavailable(error),
            AwsErrorKind::NotFound
            | AwsErrorKind::Refused
            | AwsErrorKind::SpotQuota
            | AwsErrorKind::NotNow { .. } => Self::Refused(error),
        }
    }
}
