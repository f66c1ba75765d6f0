//! `RunInstances`: what a launch may ask for.

use serde::{Deserialize, Serialize};

use super::TagSpecification;

/// `RunInstances`. `MinCount` and `MaxCount` must both be one; built in process they are so by default, and in a
/// decoded request they must be present, as on AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct RunInstancesRequest {
    pub dry_run: bool,
    pub client_token: Option<String>,
    #[serde(default)]
    pub min_count: Option<u32>,
    #[serde(default)]
    pub max_count: Option<u32>,
    pub image_id: Option<String>,
    pub instance_type: Option<String>,
    pub key_name: Option<String>,
    pub security_group_ids: Vec<String>,
    pub security_groups: Vec<String>,
    pub subnet_id: Option<String>,
    pub network_interfaces: Vec<InstanceNetworkInterfaceSpecification>,
    pub iam_instance_profile: Option<IamInstanceProfileSpecification>,
    pub block_device_mappings: Vec<BlockDeviceMapping>,
    pub tag_specifications: Vec<TagSpecification>,
    pub placement: Option<Placement>,
    pub metadata_options: Option<InstanceMetadataOptions>,
    pub instance_market_options: Option<InstanceMarketOptions>,
    pub user_data: Option<String>,
    pub instance_initiated_shutdown_behavior: Option<String>,
    pub ebs_optimized: Option<bool>,
    pub monitoring: Option<RunInstancesMonitoringEnabled>,
    pub cpu_options: Option<CpuOptions>,
    pub credit_specification: Option<CreditSpecification>,
    pub hibernation_options: Option<HibernationOptions>,
    pub disable_api_termination: Option<bool>,
    pub disable_api_stop: Option<bool>,
}

impl Default for RunInstancesRequest {
    /// One instance of nothing in particular; `ImageId` and `InstanceType` are still to be named.
    fn default() -> Self {
        Self {
            min_count: Some(1),
            max_count: Some(1),
            dry_run: false,
            client_token: None,
            image_id: None,
            instance_type: None,
            key_name: None,
            security_group_ids: Vec::new(),
            security_groups: Vec::new(),
            subnet_id: None,
            network_interfaces: Vec::new(),
            iam_instance_profile: None,
            block_device_mappings: Vec::new(),
            tag_specifications: Vec::new(),
            placement: None,
            metadata_options: None,
            instance_market_options: None,
            user_data: None,
            instance_initiated_shutdown_behavior: None,
            ebs_optimized: None,
            monitoring: None,
            cpu_options: None,
            credit_specification: None,
            hibernation_options: None,
            disable_api_termination: None,
            disable_api_stop: None,
        }
    }
}

/// The instance profile, by exactly one of name and ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct IamInstanceProfileSpecification {
    pub arn: Option<String>,
    pub name: Option<String>,
}

/// One device of a launch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct BlockDeviceMapping {
    pub device_name: Option<String>,
    pub ebs: Option<EbsBlockDevice>,
    pub no_device: Option<String>,
}

/// The volume behind a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct EbsBlockDevice {
    pub delete_on_termination: Option<bool>,
    pub volume_size: Option<u32>,
    pub volume_type: Option<String>,
    pub iops: Option<u32>,
    pub throughput: Option<u32>,
    pub snapshot_id: Option<String>,
    pub encrypted: Option<bool>,
    pub kms_key_id: Option<String>,
}

/// A network interface to create with the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct InstanceNetworkInterfaceSpecification {
    pub associate_public_ip_address: Option<bool>,
    pub delete_on_termination: Option<bool>,
    pub description: Option<String>,
    pub device_index: Option<u32>,
    pub groups: Vec<String>,
    pub subnet_id: Option<String>,
}

/// Where an instance runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Placement {
    pub availability_zone: Option<String>,
    pub group_name: Option<String>,
    pub tenancy: Option<String>,
}

/// The instance metadata service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct InstanceMetadataOptions {
    pub http_tokens: Option<String>,
    pub http_endpoint: Option<String>,
    pub http_put_response_hop_limit: Option<u32>,
    pub instance_metadata_tags: Option<String>,
}

/// How the instance is bought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct InstanceMarketOptions {
    pub market_type: Option<String>,
    pub spot_options: Option<SpotMarketOptions>,
}

/// The Spot request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct SpotMarketOptions {
    pub max_price: Option<String>,
    pub spot_instance_type: Option<String>,
    pub instance_interruption_behavior: Option<String>,
}

/// Detailed monitoring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RunInstancesMonitoringEnabled {
    pub enabled: bool,
}

/// Cores and threads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct CpuOptions {
    pub core_count: Option<u32>,
    pub threads_per_core: Option<u32>,
}

/// The credit option of burstable instances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CreditSpecification {
    pub cpu_credits: String,
}

/// Hibernation; only `false` is modelled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct HibernationOptions {
    pub configured: Option<bool>,
}
