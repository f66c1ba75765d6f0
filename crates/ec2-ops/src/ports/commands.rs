//! SSM Run Command: send a script, and see how it ended.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws_error::AwsError;
use crate::ids::{CommandId, InstanceId, Region};

/// SSM Run Command: send a script, and see how it ended.
pub trait Commands: Send + Sync {
    /// `SendCommand` with `AWS-RunShellScript`. It has no client token: a repetition runs the script again.
    fn send(
        &self,
        region: &Region,
        command: &Command,
    ) -> impl Future<Output = Result<SentCommand, AwsError>> + Send;

    /// `ListCommands` on the instance: the commands that carry `comment`, oldest first. A fresh one may be missing.
    fn find(
        &self,
        region: &Region,
        instance: &InstanceId,
        comment: &str,
    ) -> impl Future<Output = Result<Vec<SentCommand>, AwsError>> + Send;

    /// `GetCommandInvocation`; `None` while SSM does not know the invocation yet.
    fn invocation(
        &self,
        region: &Region,
        instance: &InstanceId,
        command: &CommandId,
    ) -> impl Future<Output = Result<Option<Invocation>, AwsError>> + Send;
}

/// A script to run on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The instance that runs it.
    pub instance: InstanceId,
    /// `Comment`: the attempt's fingerprint, by which a repetition finds the command.
    pub comment: String,
    /// The script.
    pub script: String,
    /// `executionTimeout`: how long the script may run.
    pub execution_timeout: Duration,
    /// `TimeoutSeconds`: how long SSM tries to deliver the command.
    pub delivery_timeout: Duration,
    /// Where SSM keeps the complete output.
    pub logs: Logs,
}

/// A command that SSM has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCommand {
    /// `CommandId`.
    pub id: CommandId,
    /// `RequestedDateTime`: when SSM accepted it. It is earlier than every delivery to the agent.
    pub requested_at: Option<Timestamp>,
}

/// Where SSM keeps the output of the commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logs {
    /// `OutputS3BucketName` and `OutputS3KeyPrefix`.
    pub s3: Option<S3Prefix>,
    /// `CloudWatchLogGroupName`.
    pub log_group: Option<String>,
}

/// A bucket and a key prefix in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Prefix {
    /// The bucket's name.
    pub bucket: String,
    /// The prefix, without a leading or trailing slash.
    pub prefix: String,
}

/// One command on one instance, as `GetCommandInvocation` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// `StatusDetails`, which distinguishes more cases than `Status`. See
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html>.
    pub status: InvocationStatus,
    /// `ResponseCode`, once the script has ended.
    pub exit_code: Option<i32>,
    /// `StandardOutputContent`, at most 24,000 characters, empty until the command has ended.
    pub stdout: String,
    /// `StandardErrorContent`, at most 8,000 characters, empty until the command has ended.
    pub stderr: String,
    /// `ExecutionStartDateTime`.
    pub started_at: Option<Timestamp>,
    /// `ExecutionEndDateTime`.
    pub ended_at: Option<Timestamp>,
}

/// The status of a command on an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationStatus {
    /// Not delivered yet: Pending or Delayed.
    Pending,
    /// Running.
    InProgress,
    /// Being cancelled. If the agent is gone, it stays so.
    Cancelling,
    /// The script exited with 0.
    Success,
    /// The script exited with another code.
    Failed,
    /// `executionTimeout` has passed.
    ExecutionTimedOut,
    /// It never reached the agent: `DeliveryTimedOut`, `Undeliverable`, `Terminated`, `InvalidPlatform`, `AccessDenied`.
    Undeliverable,
    /// Cancelled by `CancelCommand`.
    Cancelled,
}

impl InvocationStatus {
    /// Parses `StatusDetails`.
    ///
    /// A word that AWS has not documented does not prove that the command has ended, so it counts as in progress. If the
    /// command never ends, the attempt ends at the command's deadline.
    pub fn parse(status_details: &str) -> Self {
        match status_details {
            "Pending" | "Delayed" => Self::Pending,
            "Success" => Self::Success,
            "Failed" => Self::Failed,
            "Execution Timed Out" | "ExecutionTimedOut" | "TimedOut" => Self::ExecutionTimedOut,
            "Delivery Timed Out" | "DeliveryTimedOut" | "Undeliverable" | "Terminated"
            | "InvalidPlatform" | "Invalid Platform" | "AccessDenied" | "Access Denied" => {
                Self::Undeliverable
            }
            "Cancelling" => Self::Cancelling,
            "Cancelled" | "Canceled" => Self::Cancelled,
            // "InProgress" as well.
            _ => Self::InProgress,
        }
    }
}
