//! The execution document: what users write, and what it comes to.
//!
//! [`Job::resolve`] is the only way in. It validates the whole document, before any AWS call, and decides everything that
//! the document leaves open, from nothing but the document and the execution's start: every step of every attempt
//! comes to the same job.

mod instance_parameters;
mod job;
mod launch;
mod legacy;
mod output;
mod path;
mod problem;
mod schema;
#[cfg(test)]
mod tests;
mod types;
mod unknown;
mod validate;

pub use instance_parameters::{
    BlockDeviceMapping, CpuOptions, CreditSpecification, Ebs, IamInstanceProfile, InstanceMarketOptions,
    InstanceParameters, MarketType, MetadataOptions, Monitoring, NetworkInterface, Placement,
    SpotInstanceType, SpotInterruptionBehavior, SpotOptions, Tag, TagSpecification, TaggedResource,
};
pub use job::Job;
pub use output::Output;
pub use problem::{Problem, Problems};
pub use schema::json_schema;
pub use types::{
    CheckKey, CheckPrefix, CheckS3, DEFAULT_TIMEOUT_S, DatastreamCommandOptions, ExecutionDocument,
    RunOptions,
};
