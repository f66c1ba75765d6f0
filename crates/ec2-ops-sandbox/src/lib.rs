//! A stand-in AWS account: a strict model of exactly the services that ec2-ops touches.
//!
//! What it does not model it refuses with an AWS-shaped error; it never ignores a parameter. Each service is a
//! synchronous state model over the shared [`Platform`]; what takes time (a boot, a command) is a task on tokio's
//! clock, so the same account runs in real time behind HTTP and in virtual time (a paused tokio runtime) for
//! simulation.

mod account;
mod aws_json;
pub mod deployment;
pub mod dynamodb;
pub mod ec2;
mod error;
pub mod fault_plan;
pub mod guest;
pub mod host;
pub mod http;
mod iam;
pub mod lambda;
#[cfg(unix)]
mod local_machines;
mod platform;
pub mod ports;
pub mod prices;
pub mod quotas;
pub mod rehearsal;
mod rules;
pub mod s3;
#[cfg(unix)]
mod sandbox;
pub mod scale;
pub mod simulation;
pub mod ssm;
pub mod stepfunctions;
mod steps;
mod virtual_time;

pub use account::{Account, AccountConfig, MachineEvent, Machines};
pub use error::AwsError;
#[cfg(unix)]
pub use local_machines::LocalMachines;
pub use platform::{Clock, Event, EventBus, Platform};
pub use rules::{put_rule, put_schedule};
#[cfg(unix)]
pub use sandbox::{Conditions, Sandbox, SandboxConfig};
