//! The execution document, which users write, and the [`Job`] that the steps carry out.
//!
//! [`Job::resolve`] turns one into the other. Every step of every attempt calls it, before any AWS call, and gets the same
//! job.

mod architecture;
mod instance_parameters;
mod job;
mod launch;
mod legacy;
mod output;
mod path;
mod positions;
mod problem;
mod remains;
mod schema;
mod system;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod unknown;
mod validate;
mod variables;

pub use crate::nextgen::DatastreamCommandOptions;
pub use instance_parameters::{
    BlockDeviceMapping, CpuOptions, CreditSpecification, Ebs, IamInstanceProfile, InstanceMarketOptions,
    InstanceParameters, MarketType, MetadataOptions, Monitoring, NetworkInterface, OneOrMore, Placement,
    SpotInstanceType, SpotInterruptionBehavior, SpotOptions, Tag, TagSpecification, TaggedResource,
};
pub use job::{Backoff, Job};
pub use output::{Input, Output};
pub use positions::{Place, Positions};
pub use problem::{Problem, Problems};
pub use schema::{derived_schema, json_schema};
pub use text::{Checked, TextProblem, check_text, described_at, not_json, repeated};
pub use types::{
    CheckS3, DEFAULT_TIMEOUT_S, ExecutionDocument, Location, NamedObject, NamedPrefix, RunOptions,
};
pub use variables::Secret;
