//! Step Functions executions: complete a task, and see whether an execution is over and where it ended.

use std::collections::BTreeSet;
use std::future::Future;

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::ids::{ExecutionId, StateMachineId, TaskToken};

/// Step Functions executions: complete a task, and see whether an execution is over and where it ended.
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

    /// `ListExecutions`: the running executions of a state machine, every page.
    ///
    /// The list is eventually consistent: it may lack an execution that began a few seconds ago, and still have one that
    /// has ended since.
    fn running(
        &self,
        state_machine: &StateMachineId,
    ) -> impl Future<Output = Result<BTreeSet<ExecutionId>, AwsError>> + Send;

    /// `DescribeExecution`: whether the execution is still running.
    fn state(&self, execution: &ExecutionId)
    -> impl Future<Output = Result<ExecutionState, AwsError>> + Send;

    /// `GetExecutionHistory`, from its end: the input of the state that the execution entered last.
    fn last_state(
        &self,
        execution: &ExecutionId,
    ) -> impl Future<Output = Result<Option<Value>, AwsError>> + Send;
}

/// Whether an execution is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionState {
    /// It runs.
    Running,
    /// It has ended, with or without success.
    Over,
    /// Step Functions knows of no such execution: it never existed, or ended more than 90 days ago.
    Unknown,
}

/// Whether a task was still waiting for its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The task took the result.
    Accepted,
    /// The task has ended or timed out; its successor has another token.
    Stale,
}
