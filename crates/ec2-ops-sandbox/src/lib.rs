//! A stand-in AWS account: a strict model of exactly the services that ec2-ops touches.
//!
//! What it does not model it refuses with an AWS-shaped error; it never ignores a parameter. Each service is a
//! synchronous state model over the shared [`Platform`]; what takes time (a boot, a command) is a task on tokio's
//! clock, so the same account runs in real time behind HTTP and in virtual time (a paused tokio runtime) for
//! simulation.

pub mod ec2;
pub mod dynamodb;
mod error;
#[cfg(unix)]
pub mod guest;
#[cfg(unix)]
pub mod host;
pub mod lambda;
mod platform;
pub mod s3;
pub mod ssm;
pub mod stepfunctions;

pub use error::AwsError;
pub use platform::{Clock, Event, EventBus, Platform};
