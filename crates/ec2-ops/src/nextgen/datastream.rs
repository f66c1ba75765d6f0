//! `datastream_command_options`, the older form of a NextGen document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::output_target::OutputTarget;

/// The older NextGen form of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatastreamCommandOptions {
    /// The first time step: `-s`.
    #[schemars(length(min = 1))]
    pub start_time: String,
    /// The last time step: `-e`.
    #[schemars(length(min = 1))]
    pub end_time: String,
    /// The source of the forcings: `-C`.
    #[schemars(length(min = 1))]
    pub forcing_source: String,
    /// The basin: `-I`.
    #[schemars(length(min = 1))]
    pub subset_id: String,
    /// What kind of id `subset_id` is: `-i`.
    #[schemars(length(min = 1))]
    pub subset_id_type: String,
    /// The version of the hydrofabric: `-v`.
    #[schemars(length(min = 1))]
    pub hydrofabric_version: String,
    /// The realization file: `-R`.
    #[schemars(length(min = 1))]
    pub realization: String,
    /// The number of processes: `-n`.
    #[schemars(length(min = 1))]
    pub nprocs: String,
    /// The bucket of the output: `-S`. Together with `s3_prefix`.
    #[schemars(length(min = 1))]
    pub s3_bucket: Option<String>,
    /// The prefix of the output: `-o`. Together with `s3_bucket`.
    #[schemars(length(min = 1))]
    pub s3_prefix: Option<String>,
}

impl DatastreamCommandOptions {
    /// The options that are given, by name.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let required = [
            ("start_time", &self.start_time),
            ("end_time", &self.end_time),
            ("forcing_source", &self.forcing_source),
            ("subset_id", &self.subset_id),
            ("subset_id_type", &self.subset_id_type),
            ("hydrofabric_version", &self.hydrofabric_version),
            ("realization", &self.realization),
            ("nprocs", &self.nprocs),
        ];
        let optional = [("s3_bucket", &self.s3_bucket), ("s3_prefix", &self.s3_prefix)];
        let given = optional.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        required.into_iter().chain(given).map(|(name, value)| (name, value.as_str()))
    }

    /// The output that the options name.
    pub(crate) fn output(&self) -> Option<OutputTarget> {
        let bucket = self.s3_bucket.clone()?;
        let prefix = self.s3_prefix.clone()?;
        Some(OutputTarget::Prefix { bucket, prefix })
    }

    /// The command that the options stand for. The shell reads their values inside single quotes.
    pub(crate) fn command(&self) -> String {
        let Self {
            start_time,
            end_time,
            forcing_source,
            subset_id,
            subset_id_type,
            hydrofabric_version,
            realization,
            nprocs,
            s3_bucket,
            s3_prefix,
        } = self;
        let upload = match (s3_bucket, s3_prefix) {
            (Some(bucket), Some(prefix)) => format!(" -S {bucket} -o {prefix}"),
            _ => String::new(),
        };
        format!(
            "runuser -l ec2-user -c 'cd /home/ec2-user/datastream && ./scripts/datastream -s {start_time} -e {end_time} \
             -C {forcing_source} -I {subset_id} -i {subset_id_type} -v {hydrofabric_version} -d $(pwd)/data/datastream \
             -R {realization} -n {nprocs}{upload}'"
        )
    }
}
