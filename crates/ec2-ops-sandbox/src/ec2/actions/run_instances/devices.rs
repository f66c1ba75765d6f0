//! The volumes of a launch: the image's root device, as the request changes it, and those it adds.

use std::ops::RangeInclusive;

use ec2_ops_limits::volume::{DEFAULT_TYPE, TYPES};
use serde_json::json;

use crate::AwsError;
use crate::ec2::actions::catalog::{ROOT_DEVICE, ROOT_SIZE};
use crate::ec2::actions::limits;
use crate::ec2::api::{BlockDeviceMapping, EbsBlockDevice, Tag, Volume, VolumeState};
use crate::ec2::fault;
use crate::ec2::state::State;

/// A device of a launch, checked.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) delete_on_termination: bool,
    pub(super) disk: Disk,
}

/// A volume to be made, checked.
#[derive(Clone, Debug)]
pub(in crate::ec2::actions) struct Disk {
    size: u32,
    volume_type: &'static str,
    iops: Option<u32>,
    throughput: Option<u32>,
    snapshot_id: String,
    encrypted: bool,
    kms_key_id: Option<String>,
}

/// The devices of a launch: the root device first, then the others in the order of the request.
pub(super) fn devices(mappings: &[BlockDeviceMapping]) -> Result<Vec<Device>, AwsError> {
    let mut root = EbsBlockDevice {
        volume_size: Some(ROOT_SIZE),
        volume_type: Some("gp3".to_owned()),
        ..EbsBlockDevice::default()
    };
    let mut others = Vec::new();
    for mapping in mappings {
        let name = mapping.device_name.as_deref().unwrap_or_default();
        match &mapping.ebs {
            Some(ebs) if name == ROOT_DEVICE => {
                root = overlay(root, ebs);
                check_root(&root)?;
            }
            Some(ebs) => others.push(device(name, ebs)?),
            None if name == ROOT_DEVICE => {
                return Err(AwsError::client(
                    "InvalidBlockDeviceMapping",
                    format!("The root device '{name}' cannot be left out (NoDevice)"),
                ));
            }
            None => {}
        }
    }
    let mut devices = vec![device(ROOT_DEVICE, &root)?];
    devices.append(&mut others);
    Ok(devices)
}

/// A root volume has to hold the image.
fn check_root(root: &EbsBlockDevice) -> Result<(), AwsError> {
    match root.volume_size.filter(|size| *size < ROOT_SIZE) {
        Some(size) if root.snapshot_id.is_none() => Err(AwsError::client(
            "InvalidBlockDeviceMapping",
            format!(
                "Volume of size {size}GB is smaller than snapshot of the image, expect size >= {ROOT_SIZE}GB"
            ),
        )),
        _ => Ok(()),
    }
}

/// A volume ends with its instance unless the launch says otherwise, whether it is the root or another: only what is
/// attached later, or by the console, is kept by default. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html>.
fn device(name: &str, ebs: &EbsBlockDevice) -> Result<Device, AwsError> {
    Ok(Device {
        name: name.to_owned(),
        delete_on_termination: ebs.delete_on_termination.unwrap_or(true),
        disk: Disk::new(ebs)?,
    })
}

fn overlay(image: EbsBlockDevice, request: &EbsBlockDevice) -> EbsBlockDevice {
    let request = request.clone();
    EbsBlockDevice {
        delete_on_termination: request.delete_on_termination.or(image.delete_on_termination),
        volume_size: request.volume_size.or(image.volume_size),
        volume_type: request.volume_type.or(image.volume_type),
        ..request
    }
}

impl Disk {
    /// Checks the request for a volume, and fills in the defaults of EC2.
    pub(in crate::ec2::actions) fn new(ebs: &EbsBlockDevice) -> Result<Self, AwsError> {
        let name = ebs.volume_type.as_deref().unwrap_or(DEFAULT_TYPE);
        let complete = EbsBlockDevice { volume_type: Some(name.to_owned()), ..ebs.clone() };
        limits::check(&json!({ "BlockDeviceMappings": [{ "DeviceName": "/dev/sdf", "Ebs": complete }] }))?;
        let Some(volume_type) = TYPES.iter().find(|volume_type| volume_type.name == name) else {
            return Err(AwsError::server("InternalError", format!("the limits have no volume type {name}")));
        };
        if ebs.snapshot_id.is_none() && ebs.volume_size.is_none() {
            return Err(fault::missing_parameter("size or snapshotId"));
        }
        let least = |range: &Option<RangeInclusive<u32>>| range.as_ref().map(|range| *range.start());
        Ok(Self {
            // The size of a snapshot is not modelled; the type's smallest size stands for it.
            size: ebs.volume_size.unwrap_or(*volume_type.size.start()),
            volume_type: volume_type.name,
            iops: ebs.iops.or(least(&volume_type.iops)),
            throughput: ebs.throughput.or(least(&volume_type.throughput)),
            snapshot_id: ebs.snapshot_id.clone().unwrap_or_default(),
            encrypted: ebs.encrypted.unwrap_or(false),
            kms_key_id: ebs.kms_key_id.clone(),
        })
    }

    /// The new volume, not attached yet.
    pub(in crate::ec2::actions) fn volume(&self, state: &State, zone: &str, tags: Vec<Tag>) -> Volume {
        Volume {
            volume_id: state.platform.resource_id("vol-"),
            size: self.size,
            volume_type: self.volume_type.to_owned(),
            iops: self.iops,
            throughput: self.throughput,
            snapshot_id: self.snapshot_id.clone(),
            availability_zone: zone.to_owned(),
            state: VolumeState::Available,
            create_time: state.now(),
            attachments: Vec::new(),
            encrypted: self.encrypted,
            kms_key_id: self.kms_key_id.clone(),
            tags,
        }
    }
}
