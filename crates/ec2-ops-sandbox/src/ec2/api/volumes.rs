//! Volumes and the actions on them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Tag, TagSpecification};

/// A volume as `DescribeVolumes` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Volume {
    pub volume_id: String,
    pub size: u32,
    pub volume_type: String,
    pub iops: Option<u32>,
    pub throughput: Option<u32>,
    pub snapshot_id: String,
    pub availability_zone: String,
    pub state: VolumeState,
    #[serde(serialize_with = "crate::epoch::iso")]
    pub create_time: Timestamp,
    pub attachments: Vec<VolumeAttachment>,
    pub encrypted: bool,
    pub kms_key_id: Option<String>,
    pub tags: Vec<Tag>,
}

/// The states that a modelled volume can be in. A deleted volume is no longer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeState {
    Creating,
    Available,
    InUse,
    Deleting,
}

impl VolumeState {
    /// EC2's spelling, for example `in-use`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::InUse => "in-use",
            Self::Deleting => "deleting",
        }
    }
}

/// A volume's tie to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VolumeAttachment {
    pub volume_id: String,
    pub instance_id: String,
    pub device: String,
    pub state: String,
    #[serde(serialize_with = "crate::epoch::iso")]
    pub attach_time: Timestamp,
    pub delete_on_termination: bool,
}

/// `CreateVolume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct CreateVolumeRequest {
    pub dry_run: bool,
    pub client_token: Option<String>,
    pub availability_zone: Option<String>,
    pub size: Option<u32>,
    pub volume_type: Option<String>,
    pub iops: Option<u32>,
    pub throughput: Option<u32>,
    pub snapshot_id: Option<String>,
    pub encrypted: Option<bool>,
    pub kms_key_id: Option<String>,
    pub tag_specifications: Vec<TagSpecification>,
}

/// `DetachVolume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DetachVolumeRequest {
    pub dry_run: bool,
    pub volume_id: String,
    pub instance_id: Option<String>,
    pub device: Option<String>,
    pub force: bool,
}

/// `DeleteVolume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DeleteVolumeRequest {
    pub dry_run: bool,
    pub volume_id: String,
}
