//! Instances as EC2 describes them, and the actions that change their state.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CpuOptions, InstanceMetadataOptions, Placement, Tag};

/// An instance as `DescribeInstances` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Instance {
    pub instance_id: String,
    pub image_id: String,
    pub instance_type: String,
    pub architecture: String,
    pub state: InstanceState,
    pub state_reason: Option<StateReason>,
    pub state_transition_reason: String,
    #[serde(serialize_with = "crate::epoch::iso")]
    pub launch_time: Timestamp,
    pub placement: Placement,
    pub private_ip_address: Option<String>,
    pub private_dns_name: String,
    pub public_dns_name: String,
    pub subnet_id: Option<String>,
    pub key_name: Option<String>,
    pub client_token: String,
    pub instance_lifecycle: Option<String>,
    pub spot_instance_request_id: Option<String>,
    pub iam_instance_profile: Option<IamInstanceProfile>,
    pub security_groups: Vec<GroupIdentifier>,
    pub block_device_mappings: Vec<InstanceBlockDeviceMapping>,
    pub root_device_name: String,
    pub root_device_type: String,
    pub virtualization_type: String,
    pub ebs_optimized: bool,
    pub monitoring: Monitoring,
    pub metadata_options: InstanceMetadataOptions,
    pub cpu_options: Option<CpuOptions>,
    pub ami_launch_index: u32,
    pub tags: Vec<Tag>,
}

/// A state's name, with the code that EC2 gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceState {
    pub code: u8,
    pub name: InstanceStateName,
}

/// The six states of an instance.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceStateName {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl InstanceStateName {
    /// EC2's spelling, for example `shutting-down`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// Whether an instance in this state can go to `next` in one step.
    pub fn may_become(self, next: Self) -> bool {
        use InstanceStateName::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};
        match next {
            Pending => self == Stopped,
            Running => self == Pending,
            Stopping => self == Running,
            Stopped => self == Stopping,
            ShuttingDown => matches!(self, Pending | Running | Stopping | Stopped),
            Terminated => self == ShuttingDown,
        }
    }
}

impl From<InstanceStateName> for InstanceState {
    fn from(name: InstanceStateName) -> Self {
        let code = match name {
            InstanceStateName::Pending => 0,
            InstanceStateName::Running => 16,
            InstanceStateName::ShuttingDown => 32,
            InstanceStateName::Terminated => 48,
            InstanceStateName::Stopping => 64,
            InstanceStateName::Stopped => 80,
        };
        Self { code, name }
    }
}

/// Why an instance is in its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StateReason {
    pub code: String,
    pub message: String,
}

/// The instance profile of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IamInstanceProfile {
    pub arn: String,
}

/// A security group, by id or by name as the launch named it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct GroupIdentifier {
    pub group_id: Option<String>,
    pub group_name: Option<String>,
}

/// One attached device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceBlockDeviceMapping {
    pub device_name: String,
    pub ebs: EbsInstanceBlockDevice,
}

/// The volume behind an attached device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EbsInstanceBlockDevice {
    pub volume_id: String,
    #[serde(serialize_with = "crate::epoch::iso")]
    pub attach_time: Timestamp,
    pub delete_on_termination: bool,
    pub status: String,
}

/// Whether detailed monitoring is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Monitoring {
    pub state: String,
}

/// One instance's state before and after a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceStateChange {
    pub instance_id: String,
    pub current_state: InstanceState,
    pub previous_state: InstanceState,
}

/// `StopInstances`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct StopInstancesRequest {
    pub dry_run: bool,
    pub instance_ids: Vec<String>,
    pub force: bool,
}

/// The answer of `StopInstances`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StopInstancesResponse {
    pub stopping_instances: Vec<InstanceStateChange>,
}

/// `StartInstances`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct StartInstancesRequest {
    pub dry_run: bool,
    pub instance_ids: Vec<String>,
}

/// The answer of `StartInstances`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StartInstancesResponse {
    pub starting_instances: Vec<InstanceStateChange>,
}

/// `TerminateInstances`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct TerminateInstancesRequest {
    pub dry_run: bool,
    pub instance_ids: Vec<String>,
}

/// The answer of `TerminateInstances`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TerminateInstancesResponse {
    pub terminating_instances: Vec<InstanceStateChange>,
}

/// `RebootInstances`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct RebootInstancesRequest {
    pub dry_run: bool,
    pub instance_ids: Vec<String>,
}

/// `ModifyInstanceAttribute`: exactly one attribute per call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ModifyInstanceAttributeRequest {
    pub dry_run: bool,
    pub instance_id: String,
    pub instance_initiated_shutdown_behavior: Option<AttributeValue>,
    pub block_device_mappings: Vec<InstanceBlockDeviceMappingSpecification>,
}

/// A string attribute's new value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AttributeValue {
    pub value: String,
}

/// A device whose attributes change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceBlockDeviceMappingSpecification {
    pub device_name: String,
    pub ebs: EbsInstanceBlockDeviceSpecification,
}

/// The attributes that can change while a volume is attached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EbsInstanceBlockDeviceSpecification {
    pub delete_on_termination: bool,
}
