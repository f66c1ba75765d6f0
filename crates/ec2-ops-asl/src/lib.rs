//! Amazon States Language, the `JSONPath` dialect: a typed definition, a strict loader, a lint and an
//! interpreter.
//!
//! The interpreter runs on tokio's clock, so an hour of back-off is an hour behind a real API and nothing in a
//! simulation with a paused clock. It keeps the execution history in AWS's own shapes. Whatever is not modelled is
//! refused when a definition is loaded; nothing is ignored.
//!
//! ```
//! # use ec2_ops_asl::*;
//! struct Echo;
//!
//! impl Environment for Echo {
//!     fn now(&self) -> jiff::Timestamp {
//!         jiff::Timestamp::UNIX_EPOCH
//!     }
//!     async fn invoke(&self, invocation: Invocation) -> Result<serde_json::Value, Failure> {
//!         Ok(invocation.payload().clone())
//!     }
//!     fn fraction(&self) -> f64 {
//!         0.5
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), InvalidDefinition> {
//! let machine = StateMachine::parse(
//!     r#"{"StartAt": "Say", "States": {"Say": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
//!         "Parameters": {"FunctionName": "echo", "Payload.$": "$"}, "OutputPath": "$.Payload", "End": true}}}"#,
//! )?;
//! let identity = Identity {
//!     arn: "arn:aws:states:us-east-1:000000000000:execution:say:one".into(),
//!     name: "one".into(),
//!     role_arn: "arn:aws:iam::000000000000:role/say".into(),
//!     state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:say".into(),
//!     state_machine_name: "say".into(),
//! };
//! let execution = Execution::new(identity, serde_json::json!("hello"), Echo.now());
//! let ending = execution.run(&machine, &Echo, &TaskTokens::default()).await;
//! assert_eq!(ending.status(), "SUCCEEDED");
//! # Ok(())
//! # }
//! ```

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
pub use history::{Details, Ending, Event, History, MAX_EVENTS, StateType};
pub use identity::Identity;
pub use interpreter::{Environment, Execution, Invocation};
pub use json::Json;
pub use lint::{LAMBDA_SERVICE_ERRORS, lint};
pub use tokens::{TaskTokens, TokenError};
