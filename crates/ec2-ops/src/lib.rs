//! Launches an EC2 instance, runs commands on it, proves that the output exists, and leaves nothing running.
//!
//! The core: the execution document, the steps, and the ports through which they reach the world. It names no SDK type;
//! `ec2-ops-aws` implements the ports over AWS, `ec2-ops-sandbox` over its state model.

mod aws_error;
mod error;

pub mod document;
pub mod ids;
mod nextgen;
pub mod ports;
pub mod tags;

pub use aws_error::{AwsError, AwsErrorKind};
pub use error::{CommandFailure, Error, Leftover};
