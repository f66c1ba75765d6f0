//! One visit to a state: how data flows in and out.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::environment::Environment;
use super::execution::Execution;
use super::handling::Work;
use crate::data::context::Context;
use crate::data::path::Path;
use crate::data::scope::{DataError, Scope};
use crate::data::size::excess;
use crate::definition::{Body, MAX_SECONDS, Quantity, State, Transition};
use crate::failure::{Failure, RESULT_PATH_MATCH_FAILURE, TIMEOUT};
use crate::history::{Details, Ending, Over, StateType};
use crate::json::Json;
use crate::tokens::TaskTokens;

/// The transition after a state, and its output.
pub(super) type Step = (Transition, Arc<Json>);

/// Why a state did not finish.
#[derive(Debug)]
pub(super) enum Stop {
    /// The state failed. A task's `Retry` and `Catch` may still apply.
    Failed(StateFailure),
    /// The execution is over.
    Over(Ending),
}

/// A failure as `Retry` and `Catch` see it.
#[derive(Debug)]
pub(super) struct StateFailure {
    pub(super) failure: Failure,
    /// A heartbeat was missed. The history calls that `States.Timeout`, but `States.HeartbeatTimeout` matches it too.
    pub(super) heartbeat: bool,
}

impl Stop {
    pub(super) fn into_ending(self) -> Ending {
        match self {
            Self::Failed(failed) => Ending::Failed(failed.failure),
            Self::Over(ending) => ending,
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(StateFailure { failure, heartbeat: false })
    }
}

impl From<Over> for Stop {
    fn from(Over(ending): Over) -> Self {
        Self::Over(ending)
    }
}

/// One visit to `state`.
pub(super) struct Visit<'a, E> {
    pub(super) execution: &'a Execution,
    pub(super) environment: &'a E,
    pub(super) tokens: &'a TaskTokens,
    pub(super) state: &'a State,
    /// The state's input, before `InputPath`.
    pub(super) input: &'a Arc<Json>,
    /// The id of the event `StateEntered`.
    event_id: u64,
    entered: Timestamp,
}

impl<'a, E: Environment> Visit<'a, E> {
    /// Enters `state`, or continues where it was `entered` before the execution was redriven.
    pub(super) fn enter(
        execution: &'a Execution,
        environment: &'a E,
        tokens: &'a TaskTokens,
        state: &'a State,
        input: &'a Arc<Json>,
        entered: Option<(u64, Timestamp)>,
    ) -> Result<Self, Over> {
        let (event_id, entered) = match entered {
            Some(entered) => entered,
            None => {
                let now = environment.now();
                let details = Details::StateEntered {
                    state_type: state_type(&state.body),
                    name: Arc::clone(&state.name),
                    input: Arc::clone(input),
                };
                (execution.history.record(now, details)?, now)
            }
        };
        Ok(Self { execution, environment, tokens, state, input, event_id, entered })
    }

    /// The id and the time of the event `StateEntered`.
    pub(super) fn entered(&self) -> (u64, Timestamp) {
        (self.event_id, self.entered)
    }

    /// Runs the state, and records its exit.
    pub(super) async fn run(&self) -> Result<Step, Stop> {
        let (transition, output) = match &self.state.body {
            Body::Task(task) => self.work(Work::Task(task)).await?,
            Body::Map(map) => self.work(Work::Map(map)).await?,
            Body::Pass(pass) => (pass.then, self.pass(pass)?),
            Body::Wait(wait) => (wait.then, self.wait(wait).await?),
            Body::Choice(choice) => {
                let input = self.effective_input(&self.context())?;
                (Transition::Next(self.choose(choice, &input)?), self.output(&input)?)
            }
            Body::Succeed => (Transition::End, self.output(&self.effective_input(&self.context())?)?),
            Body::Fail(fail) => return Err(self.fail(fail)?.into()),
        };
        self.record(Details::StateExited {
            state_type: state_type(&self.state.body),
            name: Arc::clone(&self.state.name),
            output: Arc::clone(&output),
        })?;
        Ok((transition, output))
    }

    /// The value of `quantity`. The value at a path must be a whole number that is not negative.
    pub(super) fn quantity(
        &self,
        quantity: &Quantity,
        input: &Value,
        context: &Context<'_>,
        field: &str,
    ) -> Result<u64, Failure> {
        let path = match quantity {
            Quantity::Fixed(quantity) => return Ok(*quantity),
            Quantity::Path(path) => path,
        };
        let value = self.require(path, input, context)?;
        let reason = match value.as_u64() {
            Some(quantity) if quantity <= MAX_SECONDS => return Ok(quantity),
            Some(_) => "references a value over the maximum of 99999999",
            None if value.is_i64() => "references a negative value",
            None => "cannot be parsed as a long value",
        };
        Err(self.runtime(format!("The {field} parameter {reason}: {path} == {}", plain(&value))))
    }

    /// The input after `InputPath`.
    pub(super) fn effective_input(&self, context: &Context<'_>) -> Result<Arc<Json>, Failure> {
        self.select(self.state.input_path.as_ref(), self.input, context)
    }

    /// The state's output: `output` after `OutputPath`, within the quota.
    pub(super) fn output(&self, output: &Arc<Json>) -> Result<Arc<Json>, Failure> {
        let output = self.select(self.state.output_path.as_ref(), output, &self.context())?;
        self.within_quota(output)
    }

    /// Refuses `value` if it is over the quota.
    pub(super) fn within_quota(&self, value: Arc<Json>) -> Result<Arc<Json>, Failure> {
        match excess(&value) {
            Some(excess) => Err(Failure::data_limit_exceeded(&self.state.name, excess)),
            None => Ok(value),
        }
    }

    /// Puts `result` into the state's input at `ResultPath`.
    pub(super) fn merge(&self, result_path: Option<&Path>, result: Arc<Json>) -> Result<Arc<Json>, Failure> {
        let Some(path) = result_path else {
            return Ok(Arc::clone(self.input));
        };
        if path.is_whole_input() {
            return Ok(result);
        }
        let mut merged = Value::clone(self.input);
        match path.assign(&mut merged, Arc::unwrap_or_clone(result).into_value()) {
            Ok(()) => Ok(Arc::new(merged.into())),
            Err(_) => Err(Failure::new(
                RESULT_PATH_MATCH_FAILURE,
                format!("Unable to apply ReferencePath {path} to input {}", self.input),
            )),
        }
    }

    /// The part of `value` at `path`: for `$` without a copy, for null an empty object.
    fn select(
        &self,
        path: Option<&Path>,
        value: &Arc<Json>,
        context: &Context<'_>,
    ) -> Result<Arc<Json>, Failure> {
        match path {
            None => Ok(Arc::new(Value::Object(Map::new()).into())),
            Some(path) if path.is_whole_input() => Ok(Arc::clone(value)),
            Some(path) => self.require(path, value, context).map(|value| Arc::new(value.into())),
        }
    }

    /// The value at `path`, or a failure.
    pub(super) fn require(
        &self,
        path: &Path,
        input: &Value,
        context: &Context<'_>,
    ) -> Result<Value, Failure> {
        let value = Scope { input, context }.require(path).map_err(|error| self.data_error(&error))?;
        Ok(value.into_owned())
    }

    /// The context object of a state that is not a task.
    pub(super) fn context(&self) -> Context<'a> {
        self.execution.context(&self.state.name, self.entered)
    }

    /// Records an event that happens now.
    pub(super) fn record(&self, details: Details) -> Result<u64, Over> {
        self.execution.history.record(self.environment.now(), details)
    }

    /// A failure that no `Catch` matches, with AWS's message.
    pub(super) fn runtime(&self, message: impl Into<String>) -> Failure {
        self.data_error(&DataError::runtime(message))
    }

    /// The failure of this state by `error`.
    pub(super) fn data_error(&self, error: &DataError) -> Failure {
        Failure::new(
            error.error,
            format!(
                "An error occurred while executing the state '{}' (entered at the event id #{}). {}",
                self.state.name, self.event_id, error.message
            ),
        )
    }
}

/// The object that a catcher puts into the document. AWS gives a timeout an empty cause here, and none in its event.
pub(super) fn error_output(failure: &Failure) -> Value {
    let text = |part: &Option<Arc<str>>| part.as_deref().map_or(Value::Null, Value::from);
    let cause = match text(&failure.cause) {
        Value::Null if failure.error.as_deref() == Some(TIMEOUT) => "".into(),
        cause => cause,
    };
    serde_json::json!({"Error": text(&failure.error), "Cause": cause})
}

/// A value as AWS prints it in messages: a string without its quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn state_type(body: &Body) -> StateType {
    match body {
        Body::Task(_) => StateType::Task,
        Body::Map(_) => StateType::Map,
        Body::Choice(_) => StateType::Choice,
        Body::Pass(_) => StateType::Pass,
        Body::Wait(_) => StateType::Wait,
        Body::Succeed => StateType::Succeed,
        Body::Fail(_) => StateType::Fail,
    }
}
