//! The records of instances and volumes: EC2's own descriptions, and what the model keeps beside them.

use jiff::Timestamp;

use super::table::Row;
use super::tokens::TokenKey;
use crate::ec2::api::{Instance, InstanceStateName, Tag, Volume};
use crate::ec2::hypervisor::InstanceFacts;

/// An instance: its public description, and internal facts.
#[derive(Clone, Debug)]
pub struct InstanceRecord {
    /// The region it belongs to.
    pub region: String,
    /// The launch that made it.
    pub reservation_id: String,
    /// As `DescribeInstances` reports it.
    pub instance: Instance,
    /// What a shutdown by the guest does.
    pub shutdown_behavior: ShutdownBehavior,
    /// Whether `TerminateInstances` is refused.
    pub disable_api_termination: bool,
    /// Whether `StopInstances` is refused.
    pub disable_api_stop: bool,
    /// Base64, as the launch gave it.
    pub user_data: Option<String>,
    /// How many times it was switched on, reboots included.
    pub boots: u32,
    /// Since when API calls see it.
    pub visible_at: Timestamp,
    /// When it became `terminated`.
    pub terminated_at: Option<Timestamp>,
    /// Counts its state changes; a timer that was set before the latest one is void.
    pub(in crate::ec2) turns: u64,
    /// Where its client token is kept.
    pub(in crate::ec2) token: Option<TokenKey>,
}

impl InstanceRecord {
    /// Its present state.
    pub fn state(&self) -> InstanceStateName {
        self.instance.state.name
    }

    /// Whether it is a Spot Instance.
    pub fn is_spot(&self) -> bool {
        self.instance.instance_lifecycle.as_deref() == Some("spot")
    }

    /// The facts that its guest may know.
    pub fn facts(&self) -> InstanceFacts {
        let instance = &self.instance;
        InstanceFacts {
            instance_id: instance.instance_id.clone(),
            region: self.region.clone(),
            availability_zone: instance.placement.availability_zone.clone().unwrap_or_default(),
            instance_type: instance.instance_type.clone(),
            image_id: instance.image_id.clone(),
            instance_profile: instance
                .iam_instance_profile
                .as_ref()
                .and_then(|profile| profile.arn.rsplit('/').next())
                .map(str::to_owned),
            user_data: self.user_data.clone(),
            boot: self.boots,
        }
    }
}

/// What a shutdown by the guest does to its instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShutdownBehavior {
    /// It stops: EC2's default.
    #[default]
    Stop,
    /// It terminates.
    Terminate,
}

impl ShutdownBehavior {
    /// Reads EC2's spelling.
    pub(in crate::ec2) fn parse(value: &str) -> Option<Self> {
        match value {
            "stop" => Some(Self::Stop),
            "terminate" => Some(Self::Terminate),
            _ => None,
        }
    }
}

/// A volume: its public description, and internal facts.
#[derive(Clone, Debug)]
pub struct VolumeRecord {
    /// The region it belongs to.
    pub region: String,
    /// As `DescribeVolumes` reports it.
    pub volume: Volume,
    /// Since when API calls see it.
    pub visible_at: Timestamp,
}

impl Row for InstanceRecord {
    fn tags(&self) -> &[Tag] {
        &self.instance.tags
    }

    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.instance.tags
    }
}

impl Row for VolumeRecord {
    fn tags(&self) -> &[Tag] {
        &self.volume.tags
    }

    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.volume.tags
    }
}
