//! What the payloads of all steps share.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::Job;
use crate::error::Error;
use crate::ids::{AttemptId, CommandId, ExecutionId, InstanceId, Region};

/// Which attempt a step works for. The state machine puts this into every payload.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Context {
    pub(crate) execution: Execution,
    pub(crate) attempt: Attempt,
    pub(crate) document: Value,
    /// `$$.State.RetryCount`: how often this very step has been tried before.
    #[serde(default)]
    pub(crate) retry: u32,
}

/// The execution, from the context object.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Execution {
    pub(crate) id: ExecutionId,
    pub(crate) started: Timestamp,
}

/// The attempt, as the state machine counts it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) number: u32,
    pub(crate) started: Timestamp,
}

impl Context {
    pub(crate) fn job(&self) -> Result<Job, Error> {
        Job::resolve(&self.document, self.execution.started).map_err(Error::InvalidExecution)
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
}

/// How long an attempt waits for its launch before it is taken for one of many.
const CROWDED: SignedDuration = SignedDuration::from_mins(2);

impl InstanceSection {
    /// Whether `attempt` had to wait for its launch, as only one of many has to: EC2 takes two a second. Looks of many
    /// share quotas that are as narrow, and a minute more does not matter to whoever has waited for minutes.
    pub(crate) fn is_one_of_many(&self, attempt: &Attempt) -> bool {
        self.launched_at.duration_since(attempt.started) > CROWDED
    }
}

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
    /// The word for it.
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
    /// How long EC2Poller waits for an event before it looks for itself.
    pub(crate) poll_seconds: u32,
    pub(crate) deliver_by: Timestamp,
    pub(crate) end_by: Timestamp,
    /// Where the complete output is kept.
    pub(crate) logs: Vec<String>,
}

/// Reads a payload that another part of the system has written.
pub(crate) fn read<T: DeserializeOwned>(payload: Value) -> Result<T, Error> {
    serde_json::from_value(payload).map_err(|error| Error::Internal(format!("unexpected payload: {error}")))
}

/// Writes a section of the state.
pub(crate) fn write<T: serde::Serialize>(section: &T) -> Result<Value, Error> {
    serde_json::to_value(section).map_err(|error| Error::Internal(format!("unwritable result: {error}")))
}
