//! Step Functions: state machines, and their executions run by [`ec2_ops_asl`].

pub mod api;
mod arn;
mod environment;
mod executions;
mod listing;
mod machines;
mod map_runs;
mod redrives;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ec2_ops_asl::{Execution, Failure, MapRun, StateMachine, TaskTokens};
use jiff::Timestamp;

use crate::Platform;
use crate::lambda::Lambda;
use crate::lock::lock;
use crate::s3::S3;
pub(crate) use service::SERVICE;

/// Step Functions of one account. Clones share it.
#[derive(Clone)]
pub struct StepFunctions {
    shared: Arc<Shared>,
}

struct Shared {
    platform: Arc<Platform>,
    lambda: Lambda,
    s3: Arc<S3>,
    /// By region: a token is good only in its own.
    tokens: Mutex<HashMap<String, TaskTokens>>,
    /// Whether histories have inputs and outputs.
    keeps_data: AtomicBool,
    /// What goes wrong with the starts of executions by tasks.
    start_faults: Mutex<Option<StartFaults>>,
    state: Mutex<State>,
}

/// What goes wrong when a task starts an execution.
#[derive(Clone, Debug, PartialEq)]
pub enum StartFault {
    /// Nothing is started.
    Refused(Failure),
    /// The execution is started, and the task does not hear of it.
    AnswerLost(Failure),
}

type StartFaults = Arc<dyn Fn() -> Option<StartFault> + Send + Sync>;

#[derive(Default)]
struct State {
    machines: BTreeMap<String, Machine>,
    executions: HashMap<String, Arc<Execution>>,
    /// What each execution began with, whatever was changed since.
    started_with: HashMap<String, Machine>,
    /// The client tokens with which each execution was redriven, and when.
    redriven: HashMap<String, Vec<(String, Timestamp)>>,
    /// The executions of each state machine, oldest first.
    by_machine: HashMap<String, Vec<String>>,
    map_runs: BTreeMap<String, Arc<MapRun>>,
    /// The executions of each map run, oldest first.
    children: HashMap<String, Vec<String>>,
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
    /// When it was changed last, and the id of that change.
    updated: Option<(Timestamp, String)>,
}

impl StepFunctions {
    /// A Step Functions without state machines, whose tasks invoke the functions of `lambda`. Map states read and write objects
    /// of `s3`.
    pub fn new(platform: Arc<Platform>, lambda: Lambda, s3: Arc<S3>) -> Self {
        Self {
            shared: Arc::new(Shared {
                platform,
                lambda,
                s3,
                tokens: Mutex::default(),
                keeps_data: AtomicBool::new(true),
                start_faults: Mutex::default(),
                state: Mutex::default(),
            }),
        }
    }

    /// Lets `faults` decide what goes wrong with each start of an execution by a task. By default nothing does.
    pub fn start_by(&self, faults: impl Fn() -> Option<StartFault> + Send + Sync + 'static) {
        *lock(&self.shared.start_faults) = Some(Arc::new(faults));
    }

    fn start_fault(&self) -> Option<StartFault> {
        let faults = lock(&self.shared.start_faults).clone();
        faults.and_then(|faults| faults())
    }

    /// The tokens of `region`.
    fn tokens(&self, region: &str) -> TaskTokens {
        lock(&self.shared.tokens).entry(region.to_owned()).or_default().clone()
    }

    /// From now on keeps histories without inputs and outputs, which take nearly all of an execution's memory. For
    /// simulations with thousands of executions.
    pub fn forget_data(&self) {
        self.shared.keeps_data.store(false, Ordering::Relaxed);
    }
}
