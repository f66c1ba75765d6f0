//! The payloads of the steps: what they share, and how they are read.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::Job;
use crate::error::Error;
use crate::execution::Execution;
use crate::ids::{AttemptId, CommandId, InstanceId, Region};

/// The attempt that a step works for. The state machine puts this into every payload.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Context {
    /// From the context object.
    pub(crate) execution: Execution,
    pub(crate) attempt: Attempt,
    pub(crate) document: Value,
    /// `$$.State.RetryCount`: how often the state machine has retried this step.
    #[serde(default)]
    pub(crate) retry: u32,
    /// `$$.Execution.RedriveCount`: how often a person has redriven the execution. Step Functions then counts the retries from
    /// zero again. See <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>.
    #[serde(default)]
    pub(crate) redrives: u32,
}

/// The attempt, as the state machine counts it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) number: u32,
    pub(crate) started: Timestamp,
}

impl Context {
    pub(crate) fn job(&self) -> Result<Job, Error> {
        Job::resolve(&self.document, &self.execution).map_err(Error::InvalidExecution)
    }

    /// Whether no earlier try of this step can have had an effect.
    pub(crate) fn is_first_try(&self) -> bool {
        self.retry == 0 && self.redrives == 0
    }

    pub(crate) fn attempt_id(&self) -> AttemptId {
        AttemptId { execution: self.execution.id.clone(), attempt: self.attempt.number }
    }
}

/// The section that EC2StarterFromAMI writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(crate) struct InstanceSection {
    pub(crate) id: InstanceId,
    pub(crate) region: Region,
    pub(crate) market: Market,
    pub(crate) launched_at: Timestamp,
    /// Whether the launch had to queue, which happens only when many executions start together: EC2 takes two launches a
    /// second.
    ///
    /// An instance that was queued is polled less often. All of them share quotas that are as narrow, and after minutes in
    /// the queue one minute more matters little.
    #[serde(default)]
    pub(crate) queued: bool,
}

/// How long a launch waits before its instance counts as queued.
///
/// A launch of its own takes a second or two. All that wait longer share the quota of SSM, 20 calls a second, and so cannot
/// all poll every few seconds.
pub(crate) const QUEUED_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// How an instance is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Market {
    /// At the list price.
    OnDemand,
    /// Spare capacity, which EC2 may take back.
    Spot,
}

impl Market {
    /// The name that documents and outcomes use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
        }
    }
}

/// The section that Commander writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(crate) struct CommandSection {
    pub(crate) id: CommandId,
    /// When the instance was ready for it. The state machine adds it.
    #[serde(default, skip_serializing)]
    pub(crate) ready_at: Option<Timestamp>,
    /// When SSM accepted the command, if SSM says and no other command of the attempt can be older.
    pub(crate) requested_at: Option<Timestamp>,
    /// How long EC2Poller waits for an event before it polls.
    pub(crate) poll_seconds: u32,
    pub(crate) deliver_by: Timestamp,
    pub(crate) end_by: Timestamp,
    /// Where the complete output is kept.
    pub(crate) logs: Vec<String>,
}

/// The payload of a function that both the state machine and EventBridge invoke.
pub(crate) enum TaskOrEvent<T, E> {
    /// From a task of the state machine.
    Task(T),
    /// From EventBridge.
    Event(E),
}

impl<T: DeserializeOwned, E: DeserializeOwned> TaskOrEvent<T, E> {
    /// Reads a payload: every event of EventBridge has a `detail-type`, and no task of ours has.
    pub(crate) fn read(payload: Value) -> Result<Self, Error> {
        if payload.get("detail-type").is_some() {
            read(payload).map(Self::Event)
        } else {
            read(payload).map(Self::Task)
        }
    }
}

/// Reads a payload that another part of the system has written.
pub(crate) fn read<T: DeserializeOwned>(payload: Value) -> Result<T, Error> {
    serde_json::from_value(payload)
        .map_err(|error| Error::InternalError(format!("unexpected payload: {error}")))
}

/// Writes a section of the state.
pub(crate) fn write<T: serde::Serialize>(section: &T) -> Result<Value, Error> {
    serde_json::to_value(section).map_err(|error| Error::InternalError(format!("unwritable result: {error}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::check::{CheckResult, CheckSection};

    /// What a `ResultSelector` does not name is lost, and the next step falls back without a word.
    #[test]
    fn the_state_machine_keeps_every_field_that_a_step_writes() {
        let time = Timestamp::UNIX_EPOCH;
        let instance = InstanceSection {
            id: InstanceId::new("i-1"),
            region: Region::new("us-east-1"),
            market: Market::Spot,
            launched_at: time,
            queued: false,
        };
        let command = CommandSection {
            id: CommandId::new("c-1"),
            ready_at: None,
            requested_at: None,
            poll_seconds: 60,
            deliver_by: time,
            end_by: time,
            logs: Vec::new(),
        };
        let result = CheckResult::NotAsked;
        let check = CheckSection { result, object: None, last_modified: None, size: None };
        let machine: Value =
            serde_json::from_str(include_str!("../../../state_machine/run_commands.asl.json")).unwrap();
        for (state, section) in [
            ("EC2StarterFromAMI", json!(instance)),
            ("Commander", json!(command)),
            ("RunChecker", json!(check)),
        ] {
            let kept = machine["States"][state]["ResultSelector"].as_object().unwrap().values();
            let kept = kept.filter_map(|path| path.as_str()?.strip_prefix("$.Payload."));
            let written = section.as_object().unwrap().keys().map(String::as_str);
            assert_eq!(kept.collect::<BTreeSet<_>>(), written.collect(), "{state}");
        }
    }
}
