//! A map run: the executions of one Map state, and how far they are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::history::Ending;
use crate::identity::Identity;

/// The executions of one Map state in its mode DISTRIBUTED.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html>.
#[derive(Debug)]
pub struct MapRun {
    /// `arn:aws:states:<region>:<account>:mapRun:<state machine>/<label>:<id>`
    pub arn: Arc<str>,
    /// The execution whose Map state it is.
    pub execution_arn: Arc<str>,
    /// The ARN of the state machine in the ARNs of its executions.
    pub state_machine_arn: Arc<str>,
    /// The time of its start.
    pub started: Timestamp,
    state: Mutex<MapRunState>,
    /// The state may allow more executions than before.
    pub(super) changed: Notify,
}

/// How far a map run is, and its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRunState {
    /// The time and the status of its end: `SUCCEEDED`, `FAILED` or `ABORTED`.
    pub ended: Option<(Timestamp, &'static str)>,
    /// How many executions may run at once; zero is no limit.
    pub max_concurrency: u64,
    /// How many executions may fail; `None` where the definition has no number.
    pub tolerated_failure_count: Option<u64>,
    /// How many percent of the executions may fail; `None` where the definition has no percentage.
    pub tolerated_failure_percentage: Option<u64>,
    /// How many executions are in which status.
    pub counts: MapRunCounts,
}

/// How many executions of a map run are in which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the API")]
pub struct MapRunCounts {
    pub total: u64,
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub aborted: u64,
    pub results_written: u64,
}

/// The new limits of a map run that runs: `UpdateMapRun`. `None` leaves a limit as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the API")]
pub struct MapRunUpdate {
    pub max_concurrency: Option<u64>,
    pub tolerated_failure_count: Option<u64>,
    pub tolerated_failure_percentage: Option<u64>,
}

impl MapRunState {
    /// `RUNNING`, or the status of its end.
    pub fn status(&self) -> &'static str {
        self.ended.map_or("RUNNING", |(_, status)| status)
    }

    /// Whether more executions failed than are tolerated. Without a threshold none is.
    fn exceeds_threshold(&self) -> bool {
        let failed = self.counts.failed + self.counts.timed_out;
        let over_count = |most| failed > most;
        let over_percentage = |most| failed * 100 > most * self.counts.total;
        match (self.tolerated_failure_count, self.tolerated_failure_percentage) {
            (None, None) => failed > 0,
            (count, percentage) => count.is_some_and(over_count) || percentage.is_some_and(over_percentage),
        }
    }
}

impl MapRunCounts {
    /// How many have not been started.
    pub fn pending(&self) -> u64 {
        let started = self.running + self.succeeded + self.failed + self.timed_out + self.aborted;
        self.total.saturating_sub(started)
    }
}

impl MapRun {
    /// A map run `id` of the execution `identity`.
    pub(super) fn new(
        identity: &Identity,
        label: &str,
        id: &str,
        started: Timestamp,
        state: MapRunState,
    ) -> Self {
        let arn = identity.state_machine_arn.replacen(":stateMachine:", ":mapRun:", 1);
        Self {
            arn: format!("{arn}/{label}:{id}").into(),
            execution_arn: Arc::clone(&identity.arn),
            state_machine_arn: format!("{}/{label}", identity.state_machine_arn).into(),
            started,
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// How far it is, and its limits.
    pub fn state(&self) -> MapRunState {
        self.lock().clone()
    }

    /// Changes its limits.
    pub fn update(&self, update: MapRunUpdate) {
        let mut state = self.lock();
        state.max_concurrency = update.max_concurrency.unwrap_or(state.max_concurrency);
        state.tolerated_failure_count = update.tolerated_failure_count.or(state.tolerated_failure_count);
        state.tolerated_failure_percentage =
            update.tolerated_failure_percentage.or(state.tolerated_failure_percentage);
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn set_total(&self, items: usize) {
        self.lock().counts.total = items as u64;
    }

    /// Counts one more execution as running, if another may run.
    pub(super) fn try_start(&self) -> bool {
        let mut state = self.lock();
        let may = state.max_concurrency == 0 || state.counts.running < state.max_concurrency;
        state.counts.running += u64::from(may);
        may
    }

    /// Counts the end of an execution. Returns whether more have failed than are tolerated.
    pub(super) fn ended(&self, ending: &Ending) -> bool {
        let mut state = self.lock();
        let counts = &mut state.counts;
        counts.running -= 1;
        match ending {
            Ending::Succeeded { .. } => counts.succeeded += 1,
            Ending::Failed(_) => counts.failed += 1,
            Ending::TimedOut => counts.timed_out += 1,
            Ending::Aborted(_) => counts.aborted += 1,
        }
        state.exceeds_threshold()
    }

    /// The results of all executions that were started are in S3.
    pub(super) fn results_written(&self) {
        let counts = &mut self.lock().counts;
        counts.results_written = counts.total - counts.pending();
    }

    /// Ends it, unless it has ended.
    pub(super) fn end(&self, at: Timestamp, status: &'static str) {
        self.lock().ended.get_or_insert((at, status));
    }

    /// Ignores poisoning: a panic is reported by its own task, and the state is consistent between statements.
    fn lock(&self) -> MutexGuard<'_, MapRunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
