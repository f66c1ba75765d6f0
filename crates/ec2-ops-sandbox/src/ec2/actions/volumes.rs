//! `CreateVolume`, `DetachVolume`, `DeleteVolume`.

use super::run_instances::{Disk, check_zone};
use super::tags::{check_specifications, tags_for};
use super::{catalog, refuse_dry_run};
use crate::AwsError;
use crate::ec2::api::{
    CreateVolumeRequest, DeleteVolumeRequest, DetachVolumeRequest, EbsBlockDevice, InstanceStateName, Volume,
    VolumeAttachment, VolumeState,
};
use crate::ec2::state::{State, VolumeRecord};
use crate::ec2::{Ec2, fault};

impl Ec2 {
    /// `CreateVolume`: an unattached volume, available after a moment. A request that repeats a client token finds the first
    /// one's volume.
    pub fn create_volume(&self, region: &str, request: &CreateVolumeRequest) -> Result<Volume, AwsError> {
        let zone = request
            .availability_zone
            .as_deref()
            .ok_or_else(|| fault::missing_parameter("AvailabilityZone"))?;
        check_zone(region, zone)?;
        check_specifications(&request.tag_specifications, &["volume"])?;
        let disk = Disk::new(&EbsBlockDevice {
            delete_on_termination: None,
            volume_size: request.size,
            volume_type: request.volume_type.clone(),
            iops: request.iops,
            throughput: request.throughput,
            snapshot_id: request.snapshot_id.clone(),
            encrypted: request.encrypted,
            kms_key_id: request.kms_key_id.clone(),
        })?;
        refuse_dry_run(request.dry_run)?;
        let tags = tags_for(&request.tag_specifications, "volume");
        let token = request.client_token.as_ref();
        let key = token.map(|token| (region.to_owned(), token.clone()));
        self.act(|state| {
            if let Some((first, id)) = key.as_ref().and_then(|key| state.volume_tokens.get(key)) {
                return if first == request {
                    Ok(state.volume(region, id)?.volume.clone())
                } else {
                    Err(fault::token_mismatch())
                };
            }
            let volume = Volume { state: VolumeState::Creating, ..disk.volume(state, zone, tags) };
            let record = VolumeRecord {
                region: region.to_owned(),
                volume: volume.clone(),
                visible_at: state.now() + state.config.visible_after,
            };
            state.volumes.insert(&volume.volume_id, record);
            state.create(&volume.volume_id);
            if let Some(key) = key {
                state.volume_tokens.insert(key, (request.clone(), volume.volume_id.clone()));
            }
            Ok(volume)
        })
    }

    /// `DetachVolume`. A root volume can be detached only while its instance is stopped.
    pub fn detach_volume(
        &self,
        region: &str,
        request: &DetachVolumeRequest,
    ) -> Result<VolumeAttachment, AwsError> {
        let volume_id = required(&request.volume_id)?;
        self.act(|state| {
            let attachment = attachment(state, region, request)?;
            let instance_id = attachment.instance_id.clone();
            let stopped = state
                .instances
                .get(&instance_id)
                .is_none_or(|record| record.state() == InstanceStateName::Stopped);
            if attachment.device == catalog::ROOT_DEVICE && !stopped {
                return Err(AwsError::client(
                    "IncorrectState",
                    format!("Unable to detach root volume '{volume_id}' from instance '{instance_id}'"),
                ));
            }
            refuse_dry_run(request.dry_run)?;
            state.detach(volume_id, &instance_id);
            Ok(VolumeAttachment { state: "detaching".to_owned(), ..attachment })
        })
    }

    /// `DeleteVolume`, of a volume that is not attached. It disappears after a moment.
    pub fn delete_volume(&self, region: &str, request: &DeleteVolumeRequest) -> Result<(), AwsError> {
        let volume_id = required(&request.volume_id)?;
        self.act(|state| {
            let volume = &state.volume(region, volume_id)?.volume;
            if let Some(attachment) = volume.attachments.first() {
                return Err(AwsError::client(
                    "VolumeInUse",
                    format!("Volume {volume_id} is currently attached to {}", attachment.instance_id),
                ));
            }
            if volume.state == VolumeState::Deleting {
                return Err(fault::volume_not_found(volume_id));
            }
            refuse_dry_run(request.dry_run)?;
            state.delete(volume_id);
            Ok(())
        })
    }
}

fn required(volume_id: &str) -> Result<&str, AwsError> {
    if volume_id.is_empty() {
        return Err(fault::missing_parameter("VolumeId"));
    }
    Ok(volume_id)
}

/// The attachment that the request means: the volume's only one, if instance and device are its own.
fn attachment(
    state: &State,
    region: &str,
    request: &DetachVolumeRequest,
) -> Result<VolumeAttachment, AwsError> {
    let volume_id = &request.volume_id;
    let volume = &state.volume(region, volume_id)?.volume;
    let Some(attachment) = volume.attachments.first() else {
        return Err(AwsError::client(
            "IncorrectState",
            format!("Volume '{volume_id}' is in the '{}' state.", volume.state.as_str()),
        ));
    };
    let differs =
        |asked: &Option<String>, actual: &String| asked.as_ref().is_some_and(|asked| asked != actual);
    if differs(&request.instance_id, &attachment.instance_id) || differs(&request.device, &attachment.device)
    {
        return Err(AwsError::client(
            "InvalidAttachment.NotFound",
            format!(
                "Volume '{volume_id}' is attached to instance '{}' as device '{}'",
                attachment.instance_id, attachment.device
            ),
        ));
    }
    Ok(attachment.clone())
}
