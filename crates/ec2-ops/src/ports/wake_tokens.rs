//! The store of task tokens: the callback that wakes the execution which waits for an instance.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws_error::AwsError;
use crate::ids::{CommandId, ExecutionId, InstanceId, Region, TaskToken};

/// The store of task tokens: the callback that wakes the execution which waits for an instance.
pub trait WakeTokens: Send + Sync {
    /// Stores `wake` under its instance, in place of an older one.
    fn put(&self, wake: &Wake) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// The entry of `instance`, read consistently.
    fn get(&self, instance: &InstanceId) -> impl Future<Output = Result<Option<Wake>, AwsError>> + Send;

    /// Removes the entry of `instance` if it still holds `token`.
    fn delete(
        &self,
        instance: &InstanceId,
        token: &TaskToken,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// A task that waits, and the command that it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// The callback.
    pub token: TaskToken,
    /// The command that the task waits for.
    pub watch: Watch,
}

/// A command that a task waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The execution that waits.
    pub execution: ExecutionId,
    /// Its attempt.
    pub attempt: u32,
    /// The instance's region.
    pub region: Region,
    /// The instance.
    pub instance: InstanceId,
    /// The command on it.
    pub command: CommandId,
    /// When the command must have reached the agent.
    pub deliver_by: Timestamp,
    /// When the command must have ended, even if SSM still reports it as running.
    pub end_by: Timestamp,
    /// The document's limit on the commands, in seconds, for the message.
    pub timeout_s: u32,
}
