//! The rules of the language, in virtual time.

mod choices;
mod data;
mod limits;
mod maps;
mod redrives;
mod retries;
mod stops;
mod tokens;
mod waits;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::definition::StateMachine;
use crate::failure::Failure;
use crate::history::{Details, Ending, Event};
use crate::json::Json;
use crate::tokens::TaskTokens;

/// The time at which every test starts.
const EPOCH: &str = "2026-01-02T03:04:05Z";

/// The behaviour of one invocation.
#[derive(Clone, Debug)]
enum Answer {
    Returns(Value),
    Fails(Failure),
    Hangs,
    Takes(Duration, Box<Answer>),
    /// Completes the task with `1` by its token, and continues.
    Completes(Box<Answer>),
}

fn fails(error: &str) -> Answer {
    Answer::Fails(Failure::new(error, "because"))
}

fn takes(seconds: u64, answer: Answer) -> Answer {
    Answer::Takes(Duration::from_secs(seconds), Box::new(answer))
}

/// Functions that follow a script, and then echo their payload.
struct Functions {
    started: Instant,
    script: Mutex<VecDeque<Answer>>,
    calls: Mutex<Vec<(Duration, Value)>>,
    fraction: f64,
    tokens: TaskTokens,
}

impl Functions {
    fn new(script: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Self::with_fraction(script, 1.0)
    }

    fn with_fraction(script: impl IntoIterator<Item = Answer>, fraction: f64) -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            script: Mutex::new(script.into_iter().collect()),
            calls: Mutex::default(),
            fraction,
            tokens: TaskTokens::default(),
        })
    }

    /// The time of each call, in seconds after the start.
    fn call_times(&self) -> Vec<f64> {
        self.calls.lock().unwrap().iter().map(|(at, _)| at.as_secs_f64()).collect()
    }

    fn payload(&self, call: usize) -> Value {
        self.calls.lock().unwrap()[call].1.clone()
    }

    /// Runs the machine to its end.
    async fn run(&self, definition: &Value, input: impl Into<Json>) -> Run {
        let execution = Execution::for_tests(input);
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let ending = execution.run(&machine, self, &self.tokens).await;
        let events = execution.history().events();
        check_shape(&events);
        assert_eq!(execution.history().ending().map(|(ending, _)| ending), Some(ending.clone()));
        Run { ending, events, took: self.started.elapsed() }
    }

    /// Starts the machine, and lets it run until it waits.
    async fn start(
        self: &Arc<Self>,
        definition: &Value,
    ) -> (Arc<Execution>, tokio::task::JoinHandle<Ending>) {
        let execution = Arc::new(Execution::for_tests(json!({})));
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let (functions, running) = (Arc::clone(self), Arc::clone(&execution));
        let run = tokio::spawn(async move { running.run(&machine, &*functions, &functions.tokens).await });
        tokio::time::sleep(Duration::from_millis(1)).await;
        (execution, run)
    }
}

impl Environment for Functions {
    fn now(&self) -> Timestamp {
        EPOCH.parse::<Timestamp>().unwrap() + self.started.elapsed()
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Value, Failure> {
        let payload = invocation.payload().clone();
        self.calls.lock().unwrap().push((self.started.elapsed(), payload.clone()));
        let mut answer = self.script.lock().unwrap().pop_front().unwrap_or(Answer::Returns(payload.clone()));
        loop {
            match answer {
                Answer::Returns(value) => return Ok(value),
                Answer::Fails(failure) => return Err(failure),
                Answer::Hangs => std::future::pending().await,
                Answer::Takes(time, then) => {
                    tokio::time::sleep(time).await;
                    answer = *then;
                }
                Answer::Completes(then) => {
                    self.tokens.send_success(payload["token"].as_str().unwrap(), "1").unwrap();
                    answer = *then;
                }
            }
        }
    }

    fn fraction(&self) -> f64 {
        self.fraction
    }
}

/// An execution that has ended.
struct Run {
    ending: Ending,
    events: Vec<Event>,
    took: Duration,
}

impl Run {
    #[track_caller]
    fn output(&self) -> &Value {
        match &self.ending {
            Ending::Succeeded { output } => output,
            other => panic!("expected a success, found {other:?}"),
        }
    }

    #[track_caller]
    fn failure(&self) -> (&str, &str) {
        match &self.ending {
            Ending::Failed(failure) => {
                (failure.error.as_deref().unwrap_or_default(), failure.cause.as_deref().unwrap_or_default())
            }
            other => panic!("expected a failure, found {other:?}"),
        }
    }

    /// The text of the output, as the history has it.
    fn text(&self) -> Value {
        self.event("ExecutionSucceeded")["executionSucceededEventDetails"]["output"].clone()
    }

    fn types(&self) -> Vec<String> {
        self.events.iter().map(Event::event_type).collect()
    }

    fn event(&self, event_type: &str) -> Value {
        let event = self.events.iter().find(|event| event.event_type() == event_type).unwrap();
        serde_json::to_value(event).unwrap()
    }
}

/// Checks the rules that the history of every ended execution follows.
fn check_shape(events: &[Event]) {
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.id, index as u64 + 1, "ids are dense");
        assert!(event.previous_event_id < event.id, "the previous event has a smaller id");
        let terminal = matches!(event.details, Details::ExecutionEnded(_));
        assert_eq!(terminal, index + 1 == events.len(), "exactly the last event ends the execution");
        assert!(index == 0 || event.timestamp >= events[index - 1].timestamp, "time does not run backwards");
    }
}

/// A task that ends the machine, changed by `change`.
fn task(change: &Value) -> Value {
    let mut task = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "End": true,
    });
    task.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    task
}

/// A machine that begins with `state`, named `S`. It has the Pass states `T` and `U` if `state` names them.
fn machine(state: &Value) -> Value {
    let mut states = json!({"S": state});
    for name in ["T", "U"] {
        if state.to_string().contains(&format!("\"{name}\"")) {
            states[name] = json!({"Type": "Pass", "End": true});
        }
    }
    json!({"StartAt": "S", "States": states})
}
