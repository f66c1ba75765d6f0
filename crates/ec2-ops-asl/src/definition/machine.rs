//! The typed definition of a state machine, after every check.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::rule::Rule;
use crate::data::path::Path;
use crate::data::template::{Dynamic, Template};

/// The longest timeout, in seconds, that AWS takes (about three years).
pub(crate) const MAX_SECONDS: u64 = 99_999_999;

/// A state machine in Amazon States Language, `JSONPath` dialect: loaded, checked and ready to run.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html>.
#[derive(Clone, Debug, PartialEq)]
pub struct StateMachine {
    pub(crate) start_at: StateId,
    pub(crate) states: Vec<State>,
    pub(crate) timeout: Option<Duration>,
}

impl StateMachine {
    /// `TimeoutSeconds` of the whole machine: how long an execution may run.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The names of all states.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.states.iter().map(|state| &*state.name)
    }

    /// The error names in all `Retry` and `Catch` fields.
    pub fn error_names(&self) -> BTreeSet<&str> {
        self.all_states()
            .into_iter()
            .filter_map(|state| state.body.handling())
            .flat_map(|handling| {
                let retried = handling.retry.iter().flat_map(|retrier| &retrier.error_equals);
                retried.chain(handling.catch.iter().flat_map(|catcher| &catcher.error_equals))
            })
            .map(|name| &**name)
            .collect()
    }

    /// Every literal `FunctionName`. A path has its value only when the machine runs.
    pub fn function_names(&self) -> BTreeSet<&str> {
        self.all_states()
            .into_iter()
            .filter_map(|state| match &state.body {
                Body::Task(task) => Some(task),
                _ => None,
            })
            .filter_map(|task| match &task.parameters {
                Template::Literal(parameters) => parameters.get("FunctionName")?.as_str(),
                Template::Object(fields) => {
                    fields.iter().find_map(|(name, value)| match (name.as_str(), value) {
                        ("FunctionName", Template::Literal(Value::String(function))) => {
                            Some(function.as_str())
                        }
                        _ => None,
                    })
                }
                _ => None,
            })
            .collect()
    }

    pub(crate) fn state(&self, id: StateId) -> &State {
        &self.states[id.0]
    }

    /// Its states and those of the machines in it.
    pub(crate) fn all_states(&self) -> Vec<&State> {
        let mut states: Vec<_> = self.states.iter().collect();
        for state in &self.states {
            if let Body::Map(map) = &state.body {
                states.extend(map.processor.all_states());
            }
        }
        states
    }
}

/// The index of a state in [`StateMachine::states`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateId(pub(crate) usize);

/// A state: the fields that all types have, and the body of its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) name: Arc<str>,
    /// `InputPath`; `None` is JSON null, which means an empty object.
    pub(crate) input_path: Option<Path>,
    /// `OutputPath`; `None` is JSON null, which means an empty object.
    pub(crate) output_path: Option<Path>,
    pub(crate) body: Body,
}

/// The type of a state, with its fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Task(Task),
    Map(Box<Map>),
    Choice(Choice),
    Pass(Pass),
    Wait(Wait),
    Succeed,
    Fail(Fail),
}

impl Body {
    /// What becomes of a result and of a failure, if the state has any.
    pub(crate) fn handling(&self) -> Option<&Handling> {
        match self {
            Self::Task(task) => Some(&task.handling),
            Self::Map(map) => Some(&map.handling),
            Self::Choice(_) | Self::Pass(_) | Self::Wait(_) | Self::Succeed | Self::Fail(_) => None,
        }
    }
}

/// Where the execution goes after a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    Next(StateId),
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) resource: Resource,
    pub(crate) parameters: Template,
    pub(crate) timeout: Option<Quantity>,
    pub(crate) heartbeat: Option<Quantity>,
    pub(crate) handling: Handling,
}

/// What becomes of the result of a Task or Map state, and of its failure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Handling {
    pub(crate) result_selector: Option<Template>,
    /// `ResultPath`; `None` is JSON null, which discards the result.
    pub(crate) result_path: Option<Path>,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    pub(crate) then: Transition,
}

/// A Map state in its mode DISTRIBUTED: each item is the input of an execution of its own.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Map {
    /// `Label`: a part of the names of its executions.
    pub(crate) label: Option<Arc<str>>,
    pub(crate) items: Items,
    /// `ItemSelector`: the input of an execution; without one it is the item.
    pub(crate) item_selector: Option<Template>,
    /// `ItemProcessor`
    pub(crate) processor: StateMachine,
    /// How many executions run at once; zero is no limit.
    pub(crate) max_concurrency: Quantity,
    pub(crate) tolerated_failure_count: Option<Quantity>,
    pub(crate) tolerated_failure_percentage: Option<Quantity>,
    pub(crate) result_writer: Option<ResultWriter>,
    pub(crate) handling: Handling,
}

/// Where the ends of the executions of a Map state are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResultWriter {
    /// `Parameters`: `Bucket` and `Prefix`.
    pub(crate) parameters: Template,
    /// `WriterConfig.OutputType`
    pub(crate) output_type: FileType,
}

/// Where the items of a Map state come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Items {
    /// `ItemsPath`: an array in the input.
    Path(Path),
    /// `ItemReader`: an object in S3.
    Reader {
        input_type: FileType,
        /// `Parameters`: `Bucket` and `Key`.
        parameters: Template,
        /// `ReaderConfig.MaxItems`: the items after that many are left out.
        max_items: Option<Quantity>,
    },
}

/// The form of an object that a Map state reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileType {
    /// An array.
    Json,
    /// A value a line.
    Jsonl,
}

/// The service integrations that are modelled.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `arn:aws:states:::lambda:invoke`: the task's result is the function's response.
    Invoke,
    /// `arn:aws:states:::lambda:invoke.waitForTaskToken`: the task's result comes with its token, by `SendTaskSuccess`.
    InvokeWaitForTaskToken,
    /// `arn:aws:states:::states:startExecution`: the task's result is the answer to `StartExecution`.
    StartExecution,
    /// `arn:aws:states:::states:startExecution.sync:2`: the task's result is that of another execution, as JSON. See
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>.
    StartExecutionSync2,
}

impl Resource {
    /// The ARN of each.
    pub(crate) const ARNS: [(&str, Self); 4] = [
        ("arn:aws:states:::lambda:invoke", Self::Invoke),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", Self::InvokeWaitForTaskToken),
        ("arn:aws:states:::states:startExecution", Self::StartExecution),
        ("arn:aws:states:::states:startExecution.sync:2", Self::StartExecutionSync2),
    ];

    /// The `resourceType` of a history event.
    pub fn service(self) -> &'static str {
        match self {
            Self::Invoke | Self::InvokeWaitForTaskToken => "lambda",
            Self::StartExecution | Self::StartExecutionSync2 => "states",
        }
    }

    /// The parameters of the API that a definition may set; the first is required.
    pub(crate) fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Invoke | Self::InvokeWaitForTaskToken => {
                &[("FunctionName", "FunctionName.$"), ("Payload", "Payload.$")]
            }
            Self::StartExecution | Self::StartExecutionSync2 => {
                &[("StateMachineArn", "StateMachineArn.$"), ("Name", "Name.$"), ("Input", "Input.$")]
            }
        }
    }

    /// The `resource` of a history event.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::InvokeWaitForTaskToken => "invoke.waitForTaskToken",
            Self::StartExecution => "startExecution",
            Self::StartExecutionSync2 => "startExecution.sync:2",
        }
    }
}

/// A whole number that is fixed or taken from the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Quantity {
    Fixed(u64),
    Path(Path),
}

/// When a failed task is retried.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retrier {
    pub(crate) error_equals: Vec<String>,
    pub(crate) interval_seconds: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_attempts: u64,
    pub(crate) max_delay_seconds: Option<u64>,
    pub(crate) jitter: JitterStrategy,
}

/// Whether a retry waits for the computed delay, or for a random part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JitterStrategy {
    Full,
    None,
}

/// Where the execution continues after a failed task that is not retried.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Catcher {
    pub(crate) error_equals: Vec<String>,
    /// `ResultPath`; `None` is JSON null, which discards the error.
    pub(crate) result_path: Option<Path>,
    pub(crate) next: StateId,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) rules: Vec<(Rule, StateId)>,
    pub(crate) default: Option<StateId>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pass {
    pub(crate) parameters: Option<Template>,
    pub(crate) result: Option<Value>,
    pub(crate) result_path: Option<Path>,
    pub(crate) then: Transition,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wait {
    pub(crate) until: Until,
    pub(crate) then: Transition,
}

/// How long a Wait state waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Until {
    Seconds(Quantity),
    Timestamp(jiff::Timestamp),
    TimestampPath(Path),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fail {
    pub(crate) error: Option<Text>,
    pub(crate) cause: Option<Text>,
}

/// A text that is fixed or computed from the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Text {
    Fixed(Arc<str>),
    Dynamic(Dynamic),
}
