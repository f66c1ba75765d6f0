//! Launches an EC2 instance, runs commands on it, proves that the output exists, and leaves nothing running.
//!
//! The core: the execution document, the steps, and the ports through which they reach the world. It names no SDK type;
//! `ec2-ops-aws` implements the ports over AWS, `ec2-ops-sandbox` over its state model.

mod abnormal_end;
mod aws_error;
mod boot;
mod clean;
mod deployment;
mod error;
#[cfg(test)]
mod fakes;
mod nextgen;
mod outcome;
mod script;
mod step;
mod sweep;

pub mod check;
pub mod command;
pub mod document;
pub mod ids;
pub mod poll;
pub mod ports;
pub mod start;
pub mod stop;
pub mod tags;

pub use aws_error::{AwsError, AwsErrorKind};
pub use deployment::{Deployment, InstanceDefaults};
pub use error::{CommandFailure, Error, ErrorReport, Leftover};
pub use outcome::{AttemptRecord, Next, Outcome, Status};
pub use step::Market;
