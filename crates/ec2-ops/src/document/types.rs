//! The execution document as users write it: the names and types of its fields.
//!
//! The JSON Schema, the validation and the parser are derived from these types. Editors show the doc comments.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::instance_parameters::{InstanceParameters, OneOrMore};
use crate::ids::Region;
use crate::nextgen::DatastreamCommandOptions;
use crate::status::Status;

/// What to run, on which machine, and the output that it promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "ec2-ops execution document",
    extend("$id" = "https://raw.githubusercontent.com/ec2-ops/ec2-ops/main/docs/execution-document.schema.json")
)]
pub struct ExecutionDocument {
    /// The JSON Schema of this document, for editors. Not read.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Where the AMI is and the instance runs. Default: the region of the deployment.
    pub region: Option<Region>,
    /// Run in order, as one shell script, as root. A command that fails ends the run as failed.
    #[schemars(length(min = 1))]
    pub commands: Option<Vec<String>>,
    /// The bucket of the output object.
    #[schemars(length(min = 1))]
    pub bucket: Option<String>,
    /// The key of the output object.
    #[schemars(length(min = 1))]
    pub obj_key: Option<String>,
    /// The objects that must exist before anything is launched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Location>,
    /// Values by name: exported to the commands, and filled in for `$NAME` and `${NAME}` in buckets, keys, prefixes and
    /// the values of tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Where secrets are kept, by name: a parameter of Parameter Store, or the ARN of a secret of Secrets Manager. The
    /// instance reads them at the start of the commands, and exports them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    /// The number of the row of a fleet whose document this is, from 0. The fleet sets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9_999_999))]
    pub row: Option<u32>,
    /// How to run, and what to do afterwards.
    #[serde(default)]
    pub run_options: RunOptions,
    /// RunInstances arguments, in AWS's own names.
    pub instance_parameters: InstanceParameters<OneOrMore>,
    /// The older NextGen form, in place of `commands`.
    pub datastream_command_options: Option<DatastreamCommandOptions>,
}

/// How to run, and what to do afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunOptions {
    /// Check that the output exists and is newer than the attempt. Default: true if `bucket` and `obj_key` are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ii_check_s3: Option<CheckS3>,
    /// Delete the instance's volumes once it has stopped.
    #[serde(default)]
    pub ii_delete_volume: bool,
    /// Terminate the instance afterwards, rather than stop it.
    #[serde(default)]
    pub ii_terminate_instance: bool,
    /// Launch on Spot, at no more than the on-demand price, and on demand where there is no Spot capacity. The last attempt is on
    /// demand, and any after one that ended as `CapacityUnavailable`.
    #[serde(default)]
    pub ii_cheapo: bool,
    /// Limit on the commands, in seconds.
    #[serde(default = "default_timeout_s")]
    #[schemars(range(min = 30, max = 172_800))]
    pub timeout_s: u32,
    /// Whole new attempts after a failed one.
    #[serde(default)]
    #[schemars(range(min = 0, max = 10))]
    pub n_retries_allowed: u32,
    /// The statuses after which another attempt is made. Default: every failure that another attempt could mend.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub retry_on: Option<Vec<Status>>,
    /// The wait before another attempt, in seconds, times `retry_backoff_rate` once for every attempt made, and once more.
    /// Default: as deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86_400))]
    pub retry_backoff_base_s: Option<u32>,
    /// The factor by which the wait grows. Default: 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub retry_backoff_rate: Option<f64>,
    /// The longest wait before another attempt, in seconds. Default: 300, or 7200 beside `retry_backoff_base_s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86_400))]
    pub retry_backoff_max_s: Option<u32>,
    /// How long a launch that EC2 cannot make now is tried again, in seconds, for each candidate. Default: a day for a quota,
    /// minutes for what settles by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 604_800))]
    pub launch_timeout_s: Option<u32>,
    /// How long an attempt waits for its inputs, in seconds. With 0 a missing one ends the attempt at once.
    #[serde(default)]
    #[schemars(range(min = 0, max = 604_800))]
    pub inputs_timeout_s: u32,
    /// End the Step Functions execution as FAILED when the outcome is not a success. Default: as deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_execution: Option<bool>,
    /// The name of an SNS topic that gets a message about the end of the execution. The deployment has to allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub notify: Option<String>,
}

/// The default limit on the commands, in seconds.
pub const DEFAULT_TIMEOUT_S: u32 = 3600;

fn default_timeout_s() -> u32 {
    DEFAULT_TIMEOUT_S
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            ii_check_s3: None,
            ii_delete_volume: false,
            ii_terminate_instance: false,
            ii_cheapo: false,
            timeout_s: DEFAULT_TIMEOUT_S,
            n_retries_allowed: 0,
            retry_on: None,
            retry_backoff_base_s: None,
            retry_backoff_rate: None,
            retry_backoff_max_s: None,
            launch_timeout_s: None,
            inputs_timeout_s: 0,
            fail_execution: None,
            notify: None,
        }
    }
}

/// The output to check. `true` stands for `bucket` and `obj_key`, else for `s3_bucket` and `s3_prefix` of the older form, else
/// for `--S3_BUCKET` and `--S3_PREFIX` in the commands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CheckS3 {
    /// Whether to check the output that the rest of the document names.
    Promised(bool),
    /// Exactly this object.
    Object(NamedObject),
    /// Any object under this prefix.
    Prefix(NamedPrefix),
}

/// Where something is in S3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Location {
    /// Exactly this object.
    Object(NamedObject),
    /// Any object under this prefix.
    Prefix(NamedPrefix),
}

/// An object of S3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedObject {
    /// The bucket's name.
    #[schemars(length(min = 1))]
    pub bucket: String,
    /// The object's key.
    #[schemars(length(min = 1))]
    pub key: String,
}

/// A prefix of S3, under which an object must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedPrefix {
    /// The bucket's name.
    #[schemars(length(min = 1))]
    pub bucket: String,
    /// The prefix.
    #[schemars(length(min = 1))]
    pub prefix: String,
}
