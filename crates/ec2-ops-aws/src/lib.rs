//! The ports of `ec2-ops` over AWS, and the Lambda entry: the only crate that names an SDK type.
//!
//! There is one module and one Cargo feature per service, so that a Lambda links only the services that it calls. No call is
//! retried here: the state machine does that, and a hidden repetition of `SendCommand` would run the commands twice.

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "ec2")]
pub mod ec2;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sfn")]
pub mod sfn;
#[cfg(feature = "ssm")]
pub mod ssm;

pub mod clock;
pub mod entry;
pub mod sdk;
pub mod settings;

#[cfg(any(feature = "dynamodb", feature = "ec2", feature = "s3", feature = "sfn", feature = "ssm"))]
mod error;
mod https;
#[cfg(any(feature = "dynamodb", feature = "sfn"))]
mod lazy_client;
mod of_aws;

#[cfg(test)]
#[cfg(all(feature = "ec2", feature = "sfn", feature = "ssm"))]
mod recorded;
#[cfg(any(feature = "ec2", feature = "ssm"))]
mod regional;
#[cfg(test)]
#[cfg(any(feature = "dynamodb", feature = "ec2", feature = "s3", feature = "sfn", feature = "ssm"))]
mod replay;
