//! A stand-in AWS account: a strict model of exactly the services that ec2-ops uses.
//!
//! It refuses what it does not model with an AWS-shaped error; it never ignores a parameter. Each service is a
//! synchronous state model over the shared [`Platform`]. Anything that takes time (a boot, a command) is a task on
//! tokio's clock, so the same account runs in real time behind HTTP, and in virtual time (a paused tokio runtime) in
//! `ec2-ops-simulation`.
//!
//! This crate does not depend on the core: the account knows nothing of its callers.

mod access;
mod account;
pub mod deployment;
pub mod dynamodb;
pub mod ec2;
mod epoch;
mod error;
pub mod fault_plan;
pub mod http;
pub mod iam;
mod incidents;
pub mod journal;
pub mod lambda;
#[cfg(unix)]
mod local_machines;
mod lock;
pub mod logs;
mod platform;
pub mod prices;
mod protocol;
pub mod quotas;
mod rules;
pub mod s3;
#[cfg(unix)]
mod sandbox;
mod service;
mod service_quotas;
pub mod ssm;
pub mod stepfunctions;
pub mod sts;
mod trigger;
mod wildcard;

pub use access::{AccessKeys, Caller};
pub use account::{Account, AccountConfig, MachineEvent, Machines};
pub use error::AwsError;
#[cfg(unix)]
pub use local_machines::LocalMachines;
pub use lock::lock;
pub use platform::{Clock, Event, EventBus, Platform};
pub use rules::{put_rule, put_schedule};
#[cfg(unix)]
pub use sandbox::{Conditions, Sandbox, SandboxConfig};
