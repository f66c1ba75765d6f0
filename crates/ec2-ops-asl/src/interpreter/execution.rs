//! An execution: its input and its history.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::data::context::Context;
use crate::definition::{Body, StateId, StateMachine};
use crate::failure::Failure;
use crate::history::{Details, Ending, History, NotRedrivable};
use crate::identity::Identity;
use crate::json::Json;

/// One execution of a state machine. Share it in an `Arc` to stop it while it runs.
#[derive(Debug)]
pub struct Execution {
    pub(super) identity: Identity,
    pub(super) region: Arc<str>,
    pub(super) input: Arc<Json>,
    started: Timestamp,
    pub(super) history: History,
    pub(super) stopped: Notify,
    /// Held by the run. After an abort and a redrive, the next run waits for the one before.
    pub(super) turn: tokio::sync::Mutex<()>,
    progress: Mutex<Progress>,
}

/// What an execution has reached, for a redrive.
#[derive(Debug, Default)]
struct Progress {
    /// The state that it is in; none before the first one.
    position: Option<Position>,
    redrives: u32,
    redriven: Option<Timestamp>,
}

/// A state that was entered.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) state: StateId,
    pub(super) input: Arc<Json>,
    /// The id and the time of the event `StateEntered`.
    pub(super) entered: (u64, Timestamp),
}

impl Execution {
    /// An execution that was started at `started` with `input`. Records the event.
    pub fn new(identity: Identity, input: impl Into<Json>, started: Timestamp) -> Self {
        let input = Arc::new(input.into());
        let history = History::default();
        let details =
            Details::ExecutionStarted { input: Arc::clone(&input), role_arn: Arc::clone(&identity.role_arn) };
        // An empty history accepts any event.
        let _ = history.record(started, details);
        Self {
            region: identity.region().into(),
            identity,
            input,
            started,
            history,
            stopped: Notify::new(),
            turn: tokio::sync::Mutex::default(),
            progress: Mutex::default(),
        }
    }

    /// The execution of one item of a Map state of `parent`.
    pub(super) fn child(parent: &Self, identity: Identity, input: Json, started: Timestamp) -> Self {
        let child = Self::new(identity, input, started);
        if parent.history.has_data() { child } else { child.without_data() }
    }

    /// Keeps no inputs and outputs in the history, only the events and their times.
    #[must_use]
    pub fn without_data(self) -> Self {
        self.history.drop_data();
        self
    }

    /// Its names and ARNs.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its input.
    pub fn input(&self) -> &Json {
        &self.input
    }

    /// The time of its start.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// Its events so far, and its ending.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Stops the execution at `now`. `failure` is the reason, and may be empty. The ending is final when this returns;
    /// [`run`](Self::run) drops the current task and returns. Returns the ending, which is another one if the execution
    /// had ended before.
    pub fn abort(&self, now: Timestamp, failure: Failure) -> Ending {
        let ending = self.history.end(now, Ending::Aborted(failure));
        self.stopped.notify_one();
        ending
    }

    /// Redrives the execution at `now`: after this, [`run`](Self::run) it again. It continues in the state in which it
    /// failed, timed out or was aborted, with the same input and the retries counted from zero. See
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>.
    ///
    /// # Errors
    /// Why it cannot be redriven.
    pub fn redrive(&self, machine: &StateMachine, now: Timestamp) -> Result<(), NotRedrivable> {
        self.redrivable(machine)?;
        let mut progress = self.progress();
        self.history.redrive(now, progress.redrives + 1)?;
        progress.redrives += 1;
        progress.redriven = Some(now);
        Ok(())
    }

    /// Whether [`redrive`](Self::redrive) would succeed.
    ///
    /// # Errors
    /// Why not.
    pub fn redrivable(&self, machine: &StateMachine) -> Result<(), NotRedrivable> {
        self.history.redrivable()?;
        match self.position() {
            Some(position) if matches!(machine.state(position.state).body, Body::Map(_)) => {
                Err(NotRedrivable::InMap)
            }
            _ => Ok(()),
        }
    }

    /// How often it was redriven, and when last.
    pub fn redrives(&self) -> (u32, Option<Timestamp>) {
        let progress = self.progress();
        (progress.redrives, progress.redriven)
    }

    /// The state that was entered last.
    pub(super) fn position(&self) -> Option<Position> {
        self.progress().position.clone()
    }

    pub(super) fn reached(&self, position: Position) {
        self.progress().position = Some(position);
    }

    /// Ignores poisoning: the progress is consistent between statements.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The context object of its state `state`, which was entered at `entered` and is not a task.
    pub(super) fn context<'a>(&'a self, state: &'a str, entered: Timestamp) -> Context<'a> {
        let mut context = Context::new(&self.identity, &self.input, self.started, state, entered);
        context.redrives = self.progress().redrives;
        context
    }

    #[cfg(test)]
    pub(crate) fn for_tests(input: impl Into<Json>) -> Self {
        Self::new(Identity::for_tests(), input, "2026-01-02T03:04:05Z".parse().unwrap())
    }
}
