//! Step Functions: state machines, and their executions run by [`ec2_ops_asl`].

pub mod api;
mod executions;
mod listing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ec2_ops_asl::{Execution, StateMachine, TaskTokens};
use jiff::Timestamp;
use serde_json::Value;

use crate::aws_json::answer;
use crate::lambda::Lambda;
use crate::{AwsError, Platform};

/// Step Functions of one account. Clones share it.
#[derive(Clone)]
pub struct StepFunctions {
    shared: Arc<Shared>,
}

struct Shared {
    platform: Arc<Platform>,
    lambda: Lambda,
    tokens: TaskTokens,
    /// Whether histories have inputs and outputs.
    keeps_data: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    machines: BTreeMap<String, Machine>,
    executions: HashMap<String, Arc<Execution>>,
    /// The executions of each state machine, oldest first.
    by_machine: HashMap<String, Vec<String>>,
}

#[derive(Clone)]
struct Machine {
    arn: String,
    name: String,
    region: String,
    role_arn: String,
    text: String,
    definition: Arc<StateMachine>,
    created: Timestamp,
}

impl StepFunctions {
    /// A Step Functions without state machines, whose tasks invoke the functions of `lambda`.
    pub fn new(platform: Arc<Platform>, lambda: Lambda) -> Self {
        let (tokens, keeps_data) = (TaskTokens::default(), AtomicBool::new(true));
        Self { shared: Arc::new(Shared { platform, lambda, tokens, keeps_data, state: Mutex::default() }) }
    }

    /// Keeps the histories of executions that start from now on without their inputs and outputs, which are nearly all of
    /// what an execution takes of memory. Of use where executions come by the thousand.
    pub fn forget_data(&self) {
        self.shared.keeps_data.store(false, Ordering::Relaxed);
    }

    /// Answers `action` (`StartExecution`, without the `AWSStepFunctions.` of `X-Amz-Target`) on its JSON body.
    pub fn call(&self, region: &str, action: &str, body: &[u8]) -> Result<Value, AwsError> {
        match action {
            "CreateStateMachine" => answer(body, |input| self.create_state_machine(region, input)),
            "DescribeStateMachine" => answer(body, |input| self.describe_state_machine(&input)),
            "ListStateMachines" => answer(body, |input| self.list_state_machines(region, &input)),
            "StartExecution" => answer(body, |input| self.start_execution(input)),
            "DescribeExecution" => answer(body, |input| self.describe_execution(&input)),
            "ListExecutions" => answer(body, |input| self.list_executions(&input)),
            "GetExecutionHistory" => answer(body, |input| self.get_execution_history(&input)),
            "StopExecution" => answer(body, |input| self.stop_execution(&input)),
            "SendTaskSuccess" => answer(body, |input| self.send_task_success(&input)),
            "SendTaskFailure" => answer(body, |input| self.send_task_failure(input)),
            "SendTaskHeartbeat" => answer(body, |input| self.send_task_heartbeat(&input)),
            other => Err(AwsError::unmodelled(format!("Step Functions' {other}"))),
        }
    }
}
