//! `DescribeInstanceStatus` and `GetConsoleOutput`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Filter, InstanceState};

/// `DescribeInstanceStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeInstanceStatusRequest {
    pub dry_run: bool,
    pub instance_ids: Vec<String>,
    pub filters: Vec<Filter>,
    pub max_results: Option<usize>,
    pub next_token: Option<String>,
    pub include_all_instances: bool,
}

/// The answer of `DescribeInstanceStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeInstanceStatusResponse {
    pub instance_statuses: Vec<InstanceStatus>,
    pub next_token: Option<String>,
}

/// The checks of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceStatus {
    pub instance_id: String,
    pub availability_zone: Option<String>,
    pub instance_state: InstanceState,
    pub instance_status: InstanceStatusSummary,
    pub system_status: InstanceStatusSummary,
}

/// The result of the checks, and each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceStatusSummary {
    pub status: String,
    pub details: Vec<InstanceStatusDetails>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceStatusDetails {
    pub name: String,
    pub status: String,
}

/// `GetConsoleOutput`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct GetConsoleOutputRequest {
    pub dry_run: bool,
    pub instance_id: String,
    pub latest: bool,
}

/// The answer of `GetConsoleOutput`: the text in Base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GetConsoleOutputResponse {
    pub instance_id: String,
    #[serde(serialize_with = "crate::epoch::iso")]
    pub timestamp: Timestamp,
    pub output: String,
}
