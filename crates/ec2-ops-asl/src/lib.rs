//! Amazon States Language, the `JSONPath` dialect: a strict loader, a lint and an interpreter.
//!
//! | step | by | |
//! |---|---|---|
//! | load a definition | [`StateMachine::parse`] | checks everything, and refuses what the interpreter does not model |
//! | check house rules | [`lint()`] | for example: every failure leads to the cleanup |
//! | run it | [`Execution::run`] | on tokio's clock, with an [`Environment`] for the functions |
//! | see what happened | [`Execution::history`] | events in the shapes of `GetExecutionHistory` |
//!
//! Delays and timeouts use tokio's clock. On a paused clock an hour of back-off takes no time, so a test of it does not
//! wait. Here a function is throttled twice before it succeeds:
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use ec2_ops_asl::{Ending, Environment, Execution, Failure, Identity, Invocation, StateMachine, TaskTokens};
//! use jiff::Timestamp;
//! use serde_json::{Value, json};
//! use tokio::time::{Duration, Instant};
//!
//! /// The outside world of one execution: a clock, and one function.
//! struct Busy {
//!     started: Instant,
//!     refusals: AtomicU32,
//! }
//!
//! impl Environment for Busy {
//!     fn now(&self) -> Timestamp {
//!         Timestamp::UNIX_EPOCH + self.started.elapsed()
//!     }
//!
//!     async fn invoke(&self, invocation: Invocation) -> Result<Value, Failure> {
//!         assert_eq!(invocation.function_name(), "greet");
//!         if self.refusals.fetch_add(1, Ordering::Relaxed) < 2 {
//!             return Err(Failure::service_error("TooManyRequestsException", "Rate exceeded"));
//!         }
//!         Ok(json!({"greeting": format!("Hello, {}", invocation.payload()["name"])}))
//!     }
//!
//!     fn fraction(&self) -> f64 {
//!         0.5 // of each delay, where `JitterStrategy` is `FULL`
//!     }
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let machine = StateMachine::parse(
//!         r#"{"StartAt": "Greet", "States": {"Greet": {
//!             "Type": "Task",
//!             "Resource": "arn:aws:states:::lambda:invoke",
//!             "Parameters": {"FunctionName": "greet", "Payload.$": "$"},
//!             "OutputPath": "$.Payload",
//!             "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 600}],
//!             "End": true}}}"#,
//!     )?;
//!     let identity = Identity::new("us-east-1", "000000000000", "hello", "one");
//!     let busy = Busy { started: Instant::now(), refusals: AtomicU32::new(0) };
//!     let execution = Execution::new(identity, json!({"name": 7}), busy.now());
//!
//!     let ending = execution.run(&machine, &busy, &TaskTokens::default()).await;
//!
//!     let output = json!({"greeting": "Hello, 7"}).into();
//!     assert_eq!(ending, Ending::Succeeded { output: std::sync::Arc::new(output) });
//!     assert_eq!(busy.started.elapsed(), Duration::from_secs(600 + 1200));
//!     let tries = execution.history().events().iter().filter(|event| event.event_type() == "TaskScheduled").count();
//!     assert_eq!(tries, 3);
//!     Ok(())
//! }
//! ```
//!
//! A Map state in its mode `DISTRIBUTED` runs an execution for each item: [`MapRun`]. A task can start an execution of another
//! state machine and wait for it: [`StartExecution`]. The [`Environment`] has the objects and the other executions.
//!
//! A task that waits for a token (`lambda:invoke.waitForTaskToken`) is completed through [`TaskTokens`].

mod data;
mod definition;
pub mod failure;
mod history;
mod identity;
mod interpreter;
mod json;
mod lint;
mod suggestion;
mod tokens;

pub use data::size::MAX_PAYLOAD_BYTES;
pub use definition::{InvalidDefinition, Problem, Resource, StateMachine};
pub use failure::Failure;
pub use history::{Details, Ending, Event, History, MAX_EVENTS, NotRedrivable, StateType};
pub use identity::Identity;
pub use interpreter::{
    Environment, Execution, Invocation, MapRun, MapRunCounts, MapRunState, MapRunUpdate, StartExecution,
};
pub use json::Json;
pub use lint::{LAMBDA_SERVICE_ERRORS, lint};
pub use tokens::{TaskTokens, TokenError};
