//! SSM Run Command: agents that register some time after their instance runs, and the scripts they are sent.
//!
//! As strict as the real service where it matters here: a command goes only to an agent that is online, `SendCommand` has no
//! client token, an invocation is not visible at once, and a command whose instance dies stays `InProgress`.

pub mod api;
mod commands;
mod listing;
mod output;
mod parameter_store;
mod parameters;
mod service;
#[cfg(test)]
mod tests;
mod unsent;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::Platform;
use crate::lock::lock;
use crate::logs::Logs;
use crate::s3::S3;
use api::SendCommandRequest;
pub use ec2_ops_guest::host::OutputStream;
pub(crate) use parameter_store::{PUBLIC_IMAGE, ParameterStore};
pub(crate) use service::SERVICE;
use unsent::Unsent;

/// Runs the scripts: the agent on an instance.
pub trait Runner: Send + Sync {
    /// Runs `script` on the instance. Its end is reported to [`Ssm::ended`], unless the instance dies first.
    fn run(&self, instance_id: &str, script: &Script);

    /// Stops a script that runs.
    fn cancel(&self, instance_id: &str, command_id: &str);
}

/// A script on its way to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The command that carries it.
    pub command_id: String,
    /// The command's `Comment`.
    pub comment: String,
    /// The lines of `commands`, joined as the agent joins them.
    pub text: String,
    /// `executionTimeout`.
    pub timeout: Duration,
}

/// How a script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptEnd {
    /// How.
    pub status: EndStatus,
    /// `ResponseCode`.
    pub exit_code: i32,
    /// The beginning of standard output, as the agent keeps it.
    pub stdout: String,
    /// The beginning of standard error, as the agent keeps it.
    pub stderr: String,
    /// The files with all of both.
    pub files: Option<(PathBuf, PathBuf)>,
}

/// How a script can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndStatus {
    /// With exit code 0.
    Success,
    /// Otherwise, by itself.
    Failed,
    /// By `executionTimeout`.
    TimedOut,
    /// By `CancelCommand`.
    Cancelled,
}

/// How long things take.
#[derive(Clone, Debug)]
pub struct SsmConfig {
    /// From `SendCommand` to the agent.
    pub delivery: (Duration, Duration),
    /// From `SendCommand` until `GetCommandInvocation` knows of it.
    pub invisible: Duration,
    /// From `SendCommand` until `ListCommands` knows of it.
    pub listed_after: Duration,
}

impl Default for SsmConfig {
    fn default() -> Self {
        Self {
            delivery: (Duration::from_millis(100), Duration::from_millis(800)),
            invisible: Duration::from_millis(50),
            listed_after: Duration::ZERO,
        }
    }
}

impl SsmConfig {
    /// For a person who waits.
    pub fn fast() -> Self {
        Self {
            delivery: (Duration::from_millis(1), Duration::from_millis(5)),
            invisible: Duration::ZERO,
            listed_after: Duration::ZERO,
        }
    }
}

/// Systems Manager of one account, in all regions. Clones share it.
#[derive(Clone)]
pub struct Ssm {
    shared: Arc<Shared>,
}

struct Shared {
    platform: Arc<Platform>,
    s3: Arc<S3>,
    logs: Logs,
    runner: Arc<dyn Runner>,
    config: SsmConfig,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    agents: HashMap<String, Agent>,
    commands: HashMap<String, CommandRecord>,
    /// The commands of each instance, oldest first.
    by_instance: HashMap<String, Vec<String>>,
}

#[derive(Clone, Debug)]
struct Agent {
    region: String,
    online: bool,
    registered: Timestamp,
    last_ping: Timestamp,
}

/// A command on the one instance that it was sent to.
#[derive(Clone, Debug)]
struct CommandRecord {
    id: String,
    region: String,
    instance: String,
    request: SendCommandRequest,
    requested: Timestamp,
    status: Status,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    end: Option<ScriptEnd>,
    /// What was printed and not sent to CloudWatch Logs yet.
    unsent: Unsent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Pending,
    InProgress,
    Success,
    Failed,
    ExecutionTimedOut,
    DeliveryTimedOut,
    Cancelled,
}

impl Status {
    /// `Status`, the coarse word.
    fn word(self) -> &'static str {
        match self {
            Self::ExecutionTimedOut | Self::DeliveryTimedOut => "TimedOut",
            other => other.details(),
        }
    }

    /// `StatusDetails`.
    fn details(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::ExecutionTimedOut => "ExecutionTimedOut",
            Self::DeliveryTimedOut => "DeliveryTimedOut",
            Self::Cancelled => "Cancelled",
        }
    }

    fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress)
    }
}

impl Ssm {
    /// A Systems Manager with no agents, whose scripts `runner` runs and whose output goes to `s3` and to `logs`.
    pub fn new(
        platform: Arc<Platform>,
        s3: Arc<S3>,
        logs: Logs,
        runner: Arc<dyn Runner>,
        config: SsmConfig,
    ) -> Self {
        Self { shared: Arc::new(Shared { platform, s3, logs, runner, config, state: Mutex::default() }) }
    }

    /// The agent of `instance` has come online: it is registered, and takes the pending commands.
    pub fn agent_online(&self, region: &str, instance: &str) {
        let now = self.shared.platform.clock.now();
        let waiting = {
            let mut state = lock(&self.shared.state);
            let fresh = || Agent { region: region.to_owned(), online: true, registered: now, last_ping: now };
            let agent = state.agents.entry(instance.to_owned()).or_insert_with(fresh);
            (agent.online, agent.last_ping) = (true, now);
            state
                .of_instance(instance)
                .filter(|command| command.status == Status::Pending)
                .map(|c| c.id.clone())
                .collect()
        };
        let waiting: Vec<String> = waiting;
        for id in waiting {
            self.deliver(&id);
        }
    }

    /// The agent of `instance` can no longer be reached. The status of its running commands stays as last reported.
    pub fn agent_offline(&self, instance: &str) {
        if let Some(agent) = lock(&self.shared.state).agents.get_mut(instance) {
            agent.online = false;
        }
    }
}

impl State {
    fn of_instance(&self, instance: &str) -> impl Iterator<Item = &CommandRecord> {
        let ids = self.by_instance.get(instance).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.commands.get(id))
    }
}

/// The parameters of `AWS-RunShellScript`, by name.
type Parameters = BTreeMap<String, Vec<String>>;
