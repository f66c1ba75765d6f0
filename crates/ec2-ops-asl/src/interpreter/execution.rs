//! An execution: what it was started with, and what it has done.

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
    /// An execution that started at `started`, and whose history says so.
    pub fn new(identity: Identity, input: impl Into<Json>, started: Timestamp) -> Self {
        let input = Arc::new(input.into());
        let history = History::default();
        let details =
            Details::ExecutionStarted { input: Arc::clone(&input), role_arn: Arc::clone(&identity.role_arn) };
        // An empty history takes any event.
        let _ = history.record(started, details);
        Self { region: identity.region().into(), identity, input, started, history, stopped: Notify::new() }
    }

    /// The same execution, whose history keeps what happens and when, but no inputs and outputs.
    #[must_use]
    pub fn without_data(self) -> Self {
        self.history.drop_data();
        self
    }

    /// Who the execution is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The input that it was started with.
    pub fn input(&self) -> &Json {
        &self.input
    }

    /// When it was started.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// Its events so far, and its ending.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Stops the execution at `now`, for the reason that `failure` gives, which may be empty. The ending is decided
    /// when this returns; [`run`](Self::run) drops what it is doing and returns. Returns how the execution ended,
    /// which is something else where it was over already.
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
