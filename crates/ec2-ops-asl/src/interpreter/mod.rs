//! Runs a state machine: one state after the other, on tokio's clock.

mod choice;
mod retry;
mod states;
mod task;
mod visit;

use std::future::Future;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

use crate::definition::{StateMachine, Transition};
use crate::failure::Failure;
use crate::history::{Details, Ending, History, Over};
use crate::tokens::TaskTokens;
use visit::Visit;

/// What the interpreter needs from outside. Sleeping and timeouts use tokio's clock, so [`now`](Self::now) should
/// follow it.
pub trait Environment: Send + Sync {
    /// The wall clock, for the history, the context object and waiting until a timestamp.
    fn now(&self) -> Timestamp;

    /// Invokes a Lambda function and returns its answer.
    ///
    /// The future is dropped when nobody waits for the answer any more: the task timed out, its token was completed
    /// first, or the execution was stopped. On AWS a function that was started runs on then, so an implementation
    /// that models this spawns the function and only waits here.
    fn invoke(&self, invocation: Invocation) -> impl Future<Output = Result<Value, Failure>> + Send;

    /// A random number in `0.0..1.0`, for the jitter of retries.
    fn fraction(&self) -> f64;

    /// Waits until the execution's region allows another state transition: a state is about to be entered, or a task to
    /// be tried again. By default that is at once.
    fn transition(&self, _region: &str) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// A call of a Lambda function. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The task's parameters, which the history shares.
    parameters: Arc<Value>,
}

impl Invocation {
    /// `FunctionName`: a name, a partial or a full ARN.
    pub fn function_name(&self) -> &str {
        self.parameters["FunctionName"].as_str().unwrap_or_default()
    }

    /// `Payload`; an empty object where the definition has none.
    pub fn payload(&self) -> &Value {
        static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::Object(serde_json::Map::new()));
        self.parameters.get("Payload").unwrap_or(&EMPTY)
    }
}

/// Who an execution is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `arn:aws:states:<region>:<account>:execution:<state machine>:<name>`; the region of its tasks comes from it.
    pub arn: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// The role that it runs as.
    pub role_arn: Arc<str>,
    /// The state machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// The state machine's name.
    pub state_machine_name: Arc<str>,
}

impl Identity {
    /// The region in the execution's ARN.
    fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }
}

/// One execution of a state machine. Share it in an `Arc` to stop it while it runs.
#[derive(Debug)]
pub struct Execution {
    identity: Identity,
    region: Arc<str>,
    input: Arc<Value>,
    started: Timestamp,
    history: History,
    stopped: Notify,
}

impl Execution {
    /// An execution that started at `started`, and whose history says so.
    pub fn new(identity: Identity, input: Value, started: Timestamp) -> Self {
        let input = Arc::new(input);
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
    pub fn input(&self) -> &Value {
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

    /// Runs `machine` to its end. To be called once. Dropping the future leaves the execution without an ending, and
    /// closes the token of a task that waits.
    pub async fn run<E: Environment>(
        &self,
        machine: &StateMachine,
        environment: &E,
        tokens: &TaskTokens,
    ) -> Ending {
        let deadline = async {
            match machine.timeout() {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let ending = tokio::select! {
            biased;
            () = self.stopped.notified() => None,
            ending = self.walk(machine, environment, tokens) => Some(ending),
            () = deadline => Some(Ending::TimedOut),
        };
        match ending {
            Some(ending) => self.history.end(environment.now(), ending),
            // Only `abort` notifies, after it ended the history: what it decided is returned here.
            None => self.history.end(environment.now(), Ending::Aborted(Failure::default())),
        }
    }

    /// Goes from state to state, and returns how that ends.
    async fn walk<E: Environment>(
        &self,
        machine: &StateMachine,
        environment: &E,
        tokens: &TaskTokens,
    ) -> Ending {
        let mut state = machine.state(machine.start_at);
        let mut input = Arc::clone(&self.input);
        loop {
            // Lets others run, and the deadline pass, even if no state ever waits.
            tokio::task::coop::consume_budget().await;
            environment.transition(&self.region).await;
            let visit = match Visit::enter(self, environment, tokens, state, &input) {
                Ok(visit) => visit,
                Err(Over(ending)) => return ending,
            };
            match visit.run().await {
                Ok((Transition::Next(next), output)) => {
                    state = machine.state(next);
                    input = output;
                }
                Ok((Transition::End, output)) => return Ending::Succeeded { output },
                Err(stop) => return stop.into_ending(),
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(input: Value) -> Self {
        let identity = Identity {
            arn: "arn:aws:states:eu-west-1:000000000000:execution:machine:run".into(),
            name: "run".into(),
            role_arn: "arn:aws:iam::000000000000:role/states".into(),
            state_machine_arn: "arn:aws:states:eu-west-1:000000000000:stateMachine:machine".into(),
            state_machine_name: "machine".into(),
        };
        Self::new(identity, input, "2026-01-02T03:04:05Z".parse().unwrap())
    }
}

#[cfg(test)]
mod tests;
