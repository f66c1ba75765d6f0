//! An execution: its input and its history.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::data::context::Context;
use crate::failure::Failure;
use crate::history::{Details, Ending, History};
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
        Self { region: identity.region().into(), identity, input, started, history, stopped: Notify::new() }
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

    /// The context object of its state `state`, which was entered at `entered` and is not a task.
    pub(super) fn context<'a>(&'a self, state: &'a str, entered: Timestamp) -> Context<'a> {
        Context::new(&self.identity, &self.input, self.started, state, entered)
    }

    #[cfg(test)]
    pub(crate) fn for_tests(input: impl Into<Json>) -> Self {
        Self::new(Identity::for_tests(), input, "2026-01-02T03:04:05Z".parse().unwrap())
    }
}
