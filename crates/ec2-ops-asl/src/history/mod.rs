//! The history of an execution, in the shapes of `GetExecutionHistory`.

mod serialize;

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::definition::Resource;
use crate::failure::{Failure, RUNTIME};
use crate::json::Json;
use jiff::Timestamp;
use tokio::sync::Notify;

/// The most events of an execution. An execution that needs more fails with the last of them.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
pub const MAX_EVENTS: usize = 25_000;

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// `SUCCEEDED`
    Succeeded {
        /// The output of the last state.
        output: Arc<Json>,
    },
    /// `FAILED`
    Failed(Failure),
    /// `TIMED_OUT`: the execution exceeded the machine's own `TimeoutSeconds`.
    TimedOut,
    /// `ABORTED`, with the error and the cause from the caller of `StopExecution`.
    Aborted(Failure),
}

impl Ending {
    /// The status that `DescribeExecution` shows.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Succeeded { .. } => "SUCCEEDED",
            Self::Failed(_) => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted(_) => "ABORTED",
        }
    }
}

/// One event. Serialises to the shape of `GetExecutionHistory`.
/// See <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number, from 1 without gaps.
    pub id: u64,
    /// The event before this one; 0 where AWS names none.
    pub previous_event_id: u64,
    /// Its time.
    pub timestamp: Timestamp,
    /// Its type and its data.
    pub details: Details,
}

/// The types of states. Event types begin with their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateType {
    /// `Choice`
    Choice,
    /// `Fail`
    Fail,
    /// `Map`
    Map,
    /// `Pass`
    Pass,
    /// `Succeed`
    Succeed,
    /// `Task`
    Task,
    /// `Wait`
    Wait,
}

/// The type and the data of an event. Each variant is one event type; `StateEntered` and `StateExited` are one for each
/// type of state.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are those of the API's event details")]
pub enum Details {
    ExecutionStarted {
        input: Arc<Json>,
        role_arn: Arc<str>,
    },
    StateEntered {
        state_type: StateType,
        name: Arc<str>,
        input: Arc<Json>,
    },
    StateExited {
        state_type: StateType,
        name: Arc<str>,
        output: Arc<Json>,
    },
    TaskScheduled {
        resource: Resource,
        region: Arc<str>,
        parameters: Arc<Json>,
        timeout_in_seconds: Option<u64>,
        heartbeat_in_seconds: Option<u64>,
    },
    TaskStarted {
        resource: Resource,
    },
    TaskSubmitted {
        resource: Resource,
        output: Arc<Json>,
    },
    TaskSucceeded {
        resource: Resource,
        output: Arc<Json>,
    },
    TaskFailed {
        resource: Resource,
        failure: Failure,
    },
    TaskTimedOut {
        resource: Resource,
        failure: Failure,
    },
    /// A Map state begins; zero items if it reads them from S3.
    MapStateStarted {
        length: usize,
    },
    MapRunStarted {
        map_run_arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed {
        failure: Failure,
    },
    MapStateSucceeded,
    MapStateFailed,
    ExecutionEnded(Ending),
    ExecutionRedriven {
        redrive_count: u32,
    },
}

impl Details {
    /// Replaces inputs and outputs by null.
    fn drop_data(&mut self) {
        static NOTHING: LazyLock<Arc<Json>> = LazyLock::new(Arc::default);
        if let Self::ExecutionStarted { input: data, .. }
        | Self::StateEntered { input: data, .. }
        | Self::StateExited { output: data, .. }
        | Self::TaskScheduled { parameters: data, .. }
        | Self::TaskSubmitted { output: data, .. }
        | Self::TaskSucceeded { output: data, .. } = self
        {
            *data = Arc::clone(&NOTHING);
        }
    }
}

/// The events of one execution. Clones share them. They can be read while the execution runs.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    record: Mutex<Record>,
    /// The execution has ended.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Record {
    events: Vec<Event>,
    /// The event that the next one follows.
    source: u64,
    ending: Option<Ending>,
    /// Whether the events have no inputs and outputs.
    without_data: bool,
}

/// Why an execution cannot be redriven. The texts are the `redriveStatusReason`s of
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRedrivable {
    /// It has not ended.
    #[error("Execution is RUNNING and cannot be redriven.")]
    Running,
    /// It succeeded.
    #[error("Execution is SUCCEEDED and cannot be redriven.")]
    Succeeded,
    /// There must be place for two more events.
    #[error("Execution history event limit exceeded.")]
    HistoryFull,
    /// It ended in a Map state, whose redrive is not modelled.
    #[error("the redrive of a Map state is not modelled")]
    InMap,
}

/// The execution is over. No event can be recorded.
#[derive(Debug)]
pub(crate) struct Over(pub(crate) Ending);

impl History {
    /// The events so far.
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// Drops the inputs and outputs of all events, now and later. The ending keeps its output.
    pub(crate) fn drop_data(&self) {
        let mut record = self.lock();
        record.without_data = true;
        record.events.iter_mut().for_each(|event| event.details.drop_data());
    }

    /// Whether the events have inputs and outputs.
    pub(crate) fn has_data(&self) -> bool {
        !self.lock().without_data
    }

    /// The ending and its time, if the execution has ended.
    pub fn ending(&self) -> Option<(Ending, Timestamp)> {
        let record = self.lock();
        let ending = record.ending.clone()?;
        record.events.last().map(|event| (ending, event.timestamp))
    }

    /// Waits until the execution has ended.
    pub async fn ended(&self) {
        let mut ended = std::pin::pin!(self.0.ended.notified());
        // From here on no end is missed, whether it comes before or after the look.
        ended.as_mut().enable();
        if self.ending().is_none() {
            ended.await;
        }
    }

    /// Records an event and returns its id. If only one more fits, ends the execution instead.
    pub(crate) fn record(&self, timestamp: Timestamp, details: Details) -> Result<u64, Over> {
        let mut record = self.lock();
        if let Some(ending) = &record.ending {
            return Err(Over(ending.clone()));
        }
        if record.events.len() + 1 >= MAX_EVENTS {
            let cause = format!("The execution reached the maximum number of history events ({MAX_EVENTS}).");
            let ending = record.end(timestamp, Ending::Failed(Failure::new(RUNTIME, cause)));
            self.0.ended.notify_waiters();
            return Err(Over(ending));
        }
        Ok(record.push(timestamp, details))
    }

    /// Ends the execution, unless it is over. Returns its ending, which is final.
    pub(crate) fn end(&self, timestamp: Timestamp, ending: Ending) -> Ending {
        let mut record = self.lock();
        match &record.ending {
            Some(earlier) => earlier.clone(),
            None => {
                let ending = record.end(timestamp, ending);
                self.0.ended.notify_waiters();
                ending
            }
        }
    }

    /// Opens the history of an execution that ended without success, and records that it was redriven.
    pub(crate) fn redrive(&self, timestamp: Timestamp, redrive_count: u32) -> Result<(), NotRedrivable> {
        let mut record = self.lock();
        record.redrivable()?;
        record.ending = None;
        record.push(timestamp, Details::ExecutionRedriven { redrive_count });
        Ok(())
    }

    /// Whether [`redrive`](Self::redrive) would succeed.
    pub(crate) fn redrivable(&self) -> Result<(), NotRedrivable> {
        self.lock().redrivable()
    }

    /// Ignores poisoning: a panic is reported by its own task, and the record is consistent between statements.
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn redrivable(&self) -> Result<(), NotRedrivable> {
        match &self.ending {
            None => Err(NotRedrivable::Running),
            Some(Ending::Succeeded { .. }) => Err(NotRedrivable::Succeeded),
            Some(_) if self.events.len() + 1 >= MAX_EVENTS => Err(NotRedrivable::HistoryFull),
            Some(_) => Ok(()),
        }
    }

    fn end(&mut self, timestamp: Timestamp, ending: Ending) -> Ending {
        self.push(timestamp, Details::ExecutionEnded(ending.clone()));
        self.ending = Some(ending.clone());
        ending
    }

    fn push(&mut self, timestamp: Timestamp, mut details: Details) -> u64 {
        if self.without_data {
            details.drop_data();
        }
        let id = self.events.len() as u64 + 1;
        // AWS links each event to the one before it, but not the first state, and not an ending from outside. What follows
        // a Map state that succeeded is linked to the end of its map run.
        let outside = matches!(details, Details::ExecutionEnded(Ending::TimedOut | Ending::Aborted(_)));
        let previous_event_id = if id == 2 || outside { 0 } else { self.source };
        if !matches!(details, Details::MapStateSucceeded) {
            self.source = id;
        }
        self.events.push(Event { id, previous_event_id, timestamp, details });
        id
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_history_without_data_keeps_its_events_and_its_ending() {
        let history = History::default();
        let (at, output) = (Timestamp::UNIX_EPOCH, Arc::new(Json::from(Value::from("kept"))));
        let entered = |input: &str| Details::StateEntered {
            state_type: StateType::Pass,
            name: "A".into(),
            input: Arc::new(Json::from(Value::from(input))),
        };
        history.record(at, entered("before")).unwrap();
        history.drop_data();
        history.record(at, entered("after")).unwrap();
        history.end(at, Ending::Succeeded { output: Arc::clone(&output) });
        for event in &history.events()[..2] {
            assert!(matches!(&event.details, Details::StateEntered { input, .. } if input.is_null()));
        }
        assert_eq!(history.ending().unwrap().0, Ending::Succeeded { output });
    }
}
