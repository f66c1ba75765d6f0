//! What happens to volumes when instances end.

use super::{Effect, State, Timer};
use crate::ec2::api::VolumeState;

impl State {
    /// Deletes the volumes that end with the terminated instance, and detaches the others.
    pub(super) fn release_volumes(&mut self, instance_id: &str) {
        let Some(record) = self.instances.get(instance_id) else {
            return;
        };
        let devices: Vec<_> = record
            .instance
            .block_device_mappings
            .iter()
            .map(|device| (device.ebs.volume_id.clone(), device.ebs.delete_on_termination))
            .collect();
        for (volume_id, delete) in devices {
            if delete {
                self.volumes.remove(&volume_id);
            } else {
                self.free(&volume_id);
            }
        }
    }

    /// The ids of the volumes that are attached to the instance.
    pub(in crate::ec2) fn volumes_of(&self, instance_id: &str) -> Vec<&str> {
        let devices = self.instances.get(instance_id);
        devices
            .into_iter()
            .flat_map(|record| &record.instance.block_device_mappings)
            .map(|device| device.ebs.volume_id.as_str())
            .collect()
    }

    /// Sets whether the volume at `device` ends with the instance, on both sides.
    pub(in crate::ec2) fn set_delete_on_termination(
        &mut self,
        instance_id: &str,
        device: &str,
        delete: bool,
    ) {
        let Some(record) = self.instances.edit(instance_id) else {
            return;
        };
        let mappings = &mut record.instance.block_device_mappings;
        for mapping in mappings.iter_mut().filter(|mapping| mapping.device_name == device) {
            mapping.ebs.delete_on_termination = delete;
            if let Some(record) = self.volumes.edit(&mapping.ebs.volume_id) {
                for attachment in &mut record.volume.attachments {
                    attachment.delete_on_termination = delete;
                }
            }
        }
    }

    /// Takes the volume off its instance, on both sides.
    pub(in crate::ec2) fn detach(&mut self, volume_id: &str, instance_id: &str) {
        if let Some(record) = self.instances.edit(instance_id) {
            record.instance.block_device_mappings.retain(|device| device.ebs.volume_id != volume_id);
        }
        self.free(volume_id);
    }

    /// Sets the timer of a volume that is being created.
    pub(in crate::ec2) fn create(&mut self, volume_id: &str) {
        let timer = Timer::Create { volume_id: volume_id.to_owned() };
        self.outbox.push_back(Effect::After(self.config.times.creating, timer));
    }

    pub(super) fn created(&mut self, volume_id: &str) {
        if let Some(record) = self.volumes.edit(volume_id)
            && record.volume.state == VolumeState::Creating
        {
            record.volume.state = VolumeState::Available;
        }
    }

    /// Marks the volume as deleted. It stays visible for a moment.
    pub(in crate::ec2) fn delete(&mut self, volume_id: &str) {
        if let Some(record) = self.volumes.edit(volume_id) {
            record.volume.state = VolumeState::Deleting;
            let (low, high) = self.config.times.deleting;
            let timer = Timer::Vanish { volume_id: volume_id.to_owned() };
            let delay = self.platform.between(low, high);
            self.outbox.push_back(Effect::After(delay, timer));
        }
    }

    fn free(&mut self, volume_id: &str) {
        if let Some(record) = self.volumes.edit(volume_id) {
            record.volume.attachments.clear();
            record.volume.state = VolumeState::Available;
        }
    }
}
