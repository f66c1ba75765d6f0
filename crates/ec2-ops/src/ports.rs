//! What the steps need from the world, named for capabilities.
//!
//! Implemented over the AWS SDK by `ec2-ops-aws`, and in process by the sandbox. Every method is one AWS call (or one
//! paginated listing), never retried inside: retries are the state machine's, where they can be seen, and a hidden
//! repetition of `SendCommand` would run commands twice.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws_error::AwsError;
use crate::document::InstanceParameters;
use crate::error::Error;
use crate::ids::{CommandId, ExecutionId, InstanceId, Region, StateMachineId, TaskToken, VolumeId};
use crate::tags::Tags;

/// The time of day.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// EC2 instances: launch, look, end.
pub trait Instances: Send + Sync {
    /// `RunInstances`, for one instance. Repeated with the same token it answers with the same instance.
    fn launch(
        &self,
        region: &Region,
        launch: &Launch,
    ) -> impl Future<Output = Result<Instance, AwsError>> + Send;

    /// `DescribeInstances` by id; `None` where EC2 does not show such an instance (yet, or any more).
    fn describe(
        &self,
        region: &Region,
        id: &InstanceId,
    ) -> impl Future<Output = Result<Option<Instance>, AwsError>> + Send;

    /// `DescribeInstances` by tags, every page, terminated ones included as long as EC2 shows them.
    fn find(
        &self,
        region: &Region,
        tags: &Tags,
    ) -> impl Future<Output = Result<Vec<Instance>, AwsError>> + Send;

    /// `StopInstances`; answers with the state that the instance is in now.
    fn stop(
        &self,
        region: &Region,
        id: &InstanceId,
    ) -> impl Future<Output = Result<InstanceState, AwsError>> + Send;

    /// `TerminateInstances`; answers with the state that the instance is in now.
    fn terminate(
        &self,
        region: &Region,
        id: &InstanceId,
    ) -> impl Future<Output = Result<InstanceState, AwsError>> + Send;
}

/// EBS volumes: find what a launch created, and delete it.
pub trait Volumes: Send + Sync {
    /// `DescribeVolumes` by tags, every page.
    fn find(
        &self,
        region: &Region,
        tags: &Tags,
    ) -> impl Future<Output = Result<Vec<Volume>, AwsError>> + Send;

    /// `DetachVolume`.
    fn detach(&self, region: &Region, id: &VolumeId) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `DeleteVolume`.
    fn delete(&self, region: &Region, id: &VolumeId) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// SSM agents: whether an instance can take commands.
pub trait Agents: Send + Sync {
    /// `DescribeInstanceInformation`: whether the agent of `id` is registered and online.
    fn online(&self, region: &Region, id: &InstanceId)
    -> impl Future<Output = Result<bool, AwsError>> + Send;
}

/// SSM Run Command.
pub trait Commands: Send + Sync {
    /// `SendCommand` with `AWS-RunShellScript`. It has no client token: a repetition runs the script again.
    fn send(
        &self,
        region: &Region,
        command: &Command,
    ) -> impl Future<Output = Result<CommandId, AwsError>> + Send;

    /// `ListCommands` on the instance: the oldest command that carries `comment`.
    fn find(
        &self,
        region: &Region,
        instance: &InstanceId,
        comment: &str,
    ) -> impl Future<Output = Result<Option<CommandId>, AwsError>> + Send;

    /// `GetCommandInvocation`; `None` while SSM does not know the invocation yet.
    fn invocation(
        &self,
        region: &Region,
        instance: &InstanceId,
        command: &CommandId,
    ) -> impl Future<Output = Result<Option<Invocation>, AwsError>> + Send;
}

/// S3 objects, looked at and never written.
pub trait Objects: Send + Sync {
    /// `HeadBucket`: whether the bucket exists. That it may not be looked at is an error.
    fn bucket_exists(
        &self,
        region: &Region,
        bucket: &str,
    ) -> impl Future<Output = Result<bool, AwsError>> + Send;

    /// `HeadObject`, or `ListObjectsV2` for a prefix: the newest object of `target`, or any that is not older than
    /// `enough`. A listing has 1,000 objects a page; it goes on only until one of them is new
    /// enough. `None` where there is none, or no such bucket.
    fn newest(
        &self,
        region: &Region,
        target: &OutputTarget,
        enough: Timestamp,
    ) -> impl Future<Output = Result<Option<Object>, AwsError>> + Send;
}

/// The store of task tokens: which callback wakes the execution that waits for an instance.
pub trait WakeTokens: Send + Sync {
    /// Stores `wake` under its instance, in place of an older one.
    fn put(&self, wake: &Wake) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// What waits for `instance`, read consistently.
    fn get(&self, instance: &InstanceId) -> impl Future<Output = Result<Option<Wake>, AwsError>> + Send;

    /// Removes the entry of `instance` if it still holds `token`.
    fn delete(
        &self,
        instance: &InstanceId,
        token: &TaskToken,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// Step Functions executions, seen from a task.
pub trait Executions: Send + Sync {
    /// `SendTaskSuccess`.
    fn complete(
        &self,
        token: &TaskToken,
        output: &Value,
    ) -> impl Future<Output = Result<Delivery, AwsError>> + Send;

    /// `SendTaskFailure`: `error` is the name that the state machine matches, `cause` the text for people.
    fn fail(
        &self,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> impl Future<Output = Result<Delivery, AwsError>> + Send;

    /// `ListExecutions`: those of a state machine that are running, every page. What has begun or ended in the last
    /// seconds may be told as before.
    fn running(
        &self,
        state_machine: &StateMachineId,
    ) -> impl Future<Output = Result<BTreeSet<ExecutionId>, AwsError>> + Send;

    /// `DescribeExecution`: whether the execution is still running.
    fn state(&self, execution: &ExecutionId)
    -> impl Future<Output = Result<ExecutionState, AwsError>> + Send;
}

/// Where an execution is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionState {
    /// It runs.
    Running,
    /// It has ended, however.
    Over,
    /// Step Functions knows of no such execution: it never was, or ended more than 90 days ago.
    Unknown,
}

/// Whether anybody waited for a task's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The task took it.
    Accepted,
    /// The task has ended or timed out; its successor has another token.
    Stale,
}

/// An instance to launch.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// `ClientToken`.
    pub client_token: String,
    /// The RunInstances arguments, complete and in the same order at every repetition.
    pub parameters: InstanceParameters,
    /// `InstanceInitiatedShutdownBehavior`.
    pub shutdown_behavior: ShutdownBehavior,
}

/// What a shutdown from within does to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownBehavior {
    /// Stops it.
    Stop,
    /// Terminates it.
    Terminate,
}

/// An EC2 instance as `DescribeInstances` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `InstanceId`.
    pub id: InstanceId,
    /// `State.Name`.
    pub state: InstanceState,
    /// `StateReason.Code`, for example `Server.SpotInstanceTermination`.
    pub state_reason: Option<String>,
    /// `LaunchTime`.
    pub launched_at: Timestamp,
    /// `Tags`.
    pub tags: Tags,
}

impl Instance {
    /// Whether EC2 says that it was not a call, perhaps one of ours, that ended it.
    pub(crate) fn ended_uncalled(&self) -> bool {
        self.state_reason.as_deref().is_some_and(|reason| reason != "Client.UserInitiatedShutdown")
    }

    /// The error for an instance that will never end its commands: a Spot interruption where EC2 says so.
    pub fn lost(&self, why: &str) -> Error {
        let instance = self.id.clone();
        match self.state_reason.as_deref() {
            Some(reason) if reason.starts_with("Server.Spot") => {
                Error::SpotInterrupted { instance, why: format!("{why} ({reason})") }
            }
            Some(reason) => Error::InstanceLost { instance, why: format!("{why} ({reason})") },
            None => Error::InstanceLost { instance, why: why.to_owned() },
        }
    }
}

/// EC2's instance states. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// Being launched, or started again.
    Pending,
    /// Running; billed.
    Running,
    /// Being stopped.
    Stopping,
    /// Stopped; its volumes remain.
    Stopped,
    /// Being terminated; no longer billed, and nothing brings it back.
    ShuttingDown,
    /// Gone.
    Terminated,
}

impl InstanceState {
    /// Whether it runs, or will soon.
    pub(crate) fn is_alive(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }

    /// AWS's word for the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
        }
    }

    /// Reads AWS's word for a state.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Running, Self::Stopping, Self::Stopped, Self::ShuttingDown, Self::Terminated]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An EBS volume as `DescribeVolumes` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// `VolumeId`.
    pub id: VolumeId,
    /// The instance it is attached to, if any.
    pub attached_to: Option<InstanceId>,
    /// Whether it is already being deleted.
    pub deleting: bool,
    /// `Tags`.
    pub tags: Tags,
}

/// A script to run on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Where it runs.
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

/// Where SSM keeps what the commands print.
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
    /// `StatusDetails`, which says more than `Status`. See
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html>.
    pub status: InvocationStatus,
    /// `ResponseCode`, where the script has ended.
    pub exit_code: Option<i32>,
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
    /// Running, or being cancelled.
    InProgress,
    /// The script exited with 0.
    Success,
    /// The script exited with another code.
    Failed,
    /// `executionTimeout` has passed.
    ExecutionTimedOut,
    /// It never reached the agent: `DeliveryTimedOut`, `Undeliverable`, `Terminated`, `InvalidPlatform`, `AccessDenied`.
    Undeliverable,
    /// Somebody cancelled it.
    Cancelled,
}

impl InvocationStatus {
    /// Reads `StatusDetails`. A word that AWS has not documented tells of no end, so it counts as one of a command that
    /// runs: what is wrong with it then ends at the command's deadline.
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
            "Cancelled" | "Canceled" => Self::Cancelled,
            // And "InProgress", and "Cancelling".
            _ => Self::InProgress,
        }
    }
}

/// The object, or the objects, that a document promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OutputTarget {
    /// Exactly this object.
    Key {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// Any object under this prefix.
    Prefix {
        /// The bucket's name.
        bucket: String,
        /// The prefix; `a/b` covers `a/b` itself and `a/b/…`, and not `a/bc`.
        prefix: String,
    },
}

impl OutputTarget {
    /// The bucket of the target.
    pub fn bucket(&self) -> &str {
        match self {
            Self::Key { bucket, .. } | Self::Prefix { bucket, .. } => bucket,
        }
    }

    /// Whether `key` is (one of) the promised object(s): a sibling that only shares the letters is not.
    pub fn covers(&self, candidate: &str) -> bool {
        match self {
            Self::Key { key, .. } => candidate == key,
            Self::Prefix { prefix, .. } => candidate
                .strip_prefix(prefix.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

impl fmt::Display for OutputTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Prefix { bucket, prefix } => write!(f, "s3://{bucket}/{}/*", prefix.trim_end_matches('/')),
        }
    }
}

/// An S3 object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// `LastModified`, in whole seconds.
    pub last_modified: Timestamp,
    /// Bytes.
    pub size: u64,
}

/// Who waits for an instance, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// The callback.
    pub token: TaskToken,
    /// What is waited for.
    pub watch: Watch,
}

/// A command that is being waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The execution that waits.
    pub execution: ExecutionId,
    /// Its attempt.
    pub attempt: u32,
    /// Where the instance runs.
    pub region: Region,
    /// The instance.
    pub instance: InstanceId,
    /// The command on it.
    pub command: CommandId,
    /// When the command must have reached the agent.
    pub deliver_by: Timestamp,
    /// When the command must have ended, whatever SSM says.
    pub end_by: Timestamp,
    /// What limit the document set, for the message.
    pub timeout_s: u32,
}
