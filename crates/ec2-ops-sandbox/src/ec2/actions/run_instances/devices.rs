//! The volumes of a launch: the image's root device, as the request changes it, and those it adds.

use std::collections::HashSet;

use crate::AwsError;
use crate::ec2::actions::catalog::ROOT_DEVICE;
use crate::ec2::api::{BlockDeviceMapping, EbsBlockDevice, Tag, Volume, VolumeState};
use crate::ec2::fault;
use crate::ec2::ids;
use crate::ec2::state::State;

/// The volume types: name, sizes in GiB, and whether IOPS and throughput can be chosen.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html>.
const TYPES: &[(&str, u32, u32, Choice, Choice)] = &[
    ("gp3", 1, 65_536, Choice::Optional(3000), Choice::Optional(125)),
    ("gp2", 1, 16_384, Choice::No, Choice::No),
    ("io1", 4, 16_384, Choice::Required, Choice::No),
    ("io2", 4, 65_536, Choice::Required, Choice::No),
    ("st1", 125, 16_384, Choice::No, Choice::No),
    ("sc1", 125, 16_384, Choice::No, Choice::No),
    ("standard", 1, 1024, Choice::No, Choice::No),
];

#[derive(Clone, Copy)]
enum Choice {
    No,
    Optional(u32),
    Required,
}

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
        volume_size: Some(8),
        volume_type: Some("gp3".to_owned()),
        ..EbsBlockDevice::default()
    };
    let (mut others, mut seen) = (Vec::new(), HashSet::new());
    for mapping in mappings {
        let name = mapping
            .device_name
            .as_deref()
            .ok_or_else(|| fault::missing_parameter("BlockDeviceMapping.N.DeviceName"))?;
        if !seen.insert(name) {
            return Err(invalid(format!(
                "The device '{name}' is used in more than one block-device mapping"
            )));
        }
        match (&mapping.ebs, &mapping.no_device) {
            (Some(ebs), None) if name == ROOT_DEVICE => root = overlay(root, ebs),
            (Some(ebs), None) => others.push(device(name, ebs)?),
            (None, Some(_)) if name == ROOT_DEVICE => {
                return Err(invalid(format!("The root device '{name}' cannot be left out (NoDevice)")));
            }
            (None, Some(_)) => {}
            _ => {
                return Err(invalid(format!("The device '{name}' needs exactly one of Ebs and NoDevice")));
            }
        }
    }
    let mut devices = vec![device(ROOT_DEVICE, &root)?];
    devices.append(&mut others);
    Ok(devices)
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
        let wanted = ebs.volume_type.as_deref().unwrap_or("gp2");
        let &(volume_type, min, max, iops, throughput) =
            TYPES.iter().find(|(name, ..)| *name == wanted).ok_or_else(|| {
                AwsError::client(
                    "UnknownVolumeType",
                    format!("Unsupported volume type '{wanted}' for volume creation."),
                )
            })?;
        let iops = chosen("iops", volume_type, iops, ebs.iops)?;
        let throughput = chosen("throughput", volume_type, throughput, ebs.throughput)?;
        check_source(ebs)?;
        // The size of a snapshot is not modelled; the type's smallest size stands for it.
        let size = ebs.volume_size.unwrap_or(min);
        if !(min..=max).contains(&size) {
            return Err(fault::invalid_parameter(format!(
                "Volume of {size}GiB is {}; {volume_type} volumes have {min} to {max} GiB.",
                if size < min { "too small" } else { "too large" },
            )));
        }
        Ok(Self {
            size,
            volume_type,
            iops,
            throughput,
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

fn chosen(
    parameter: &str,
    volume_type: &str,
    choice: Choice,
    value: Option<u32>,
) -> Result<Option<u32>, AwsError> {
    match (choice, value) {
        (Choice::No, Some(_)) => Err(fault::combination(format!(
            "The parameter {parameter} is not supported for {volume_type} volumes."
        ))),
        (Choice::Required, None) => Err(AwsError::client(
            "MissingParameter",
            format!("The parameter {parameter} must be specified for {volume_type} volumes."),
        )),
        (Choice::Optional(default), None) => Ok(Some(default)),
        (_, value) => Ok(value),
    }
}

fn check_source(ebs: &EbsBlockDevice) -> Result<(), AwsError> {
    match &ebs.snapshot_id {
        None if ebs.volume_size.is_none() => {
            return Err(fault::missing_parameter("size or snapshotId"));
        }
        Some(id) if !ids::well_formed(id, "snap-") => {
            return Err(AwsError::client(
                "InvalidParameterValue",
                format!("Value ({id}) for parameter snapshotId is invalid. Expected: 'snap-...'."),
            ));
        }
        _ => {}
    }
    if ebs.kms_key_id.is_some() && ebs.encrypted != Some(true) {
        return Err(AwsError::client(
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        ));
    }
    Ok(())
}

fn invalid(message: String) -> AwsError {
    AwsError::client("InvalidBlockDeviceMapping", message)
}
