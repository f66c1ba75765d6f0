//! Launches an EC2 instance, runs commands on it, proves that the output exists, and leaves nothing running.
//!
//! The core: the execution document, the steps, and the ports through which the steps call AWS. It names no SDK type:
//! `ec2-ops-aws` implements the ports over the SDK, the simulation over a model of AWS.
//!
//! | to read first | |
//! |---|---|
//! | [`document::Job::resolve`] | from a document to the job that the steps carry out |
//! | [`start`], [`command`], [`poll`], [`check`], [`stop`] | the five steps, one per Lambda function |
//! | [`ports`] | what the steps need from AWS |
//! | [`Error`], [`Outcome`] | how a step fails, and how an execution ends |

mod abnormal_end;
mod allowed;
mod aws_error;
mod boot;
mod clean;
mod decision;
mod deployment;
mod error;
mod execution;
#[cfg(test)]
mod fakes;
mod inputs;
mod instance_end;
mod launch;
mod nextgen;
mod outcome;
mod output_target;
mod script;
mod status;
mod step;
mod sweep;

pub mod check;
pub mod command;
pub mod document;
pub mod fleet;
pub mod ids;
pub mod ledger;
pub mod poll;
pub mod ports;
pub mod preflight;
pub mod start;
pub mod stop;
pub mod tags;

pub use allowed::Allowed;
pub use aws_error::{AwsError, AwsErrorKind};
pub use deployment::{Deployment, InstanceDefaults};
pub use error::{CommandFailure, CommandsReport, Error, ErrorKind, ErrorReport, Leftover, Stream};
pub use execution::Execution;
pub use launch::Tried;
pub use outcome::{AttemptRecord, Outcome};
pub use status::Status;
pub use step::Market;
