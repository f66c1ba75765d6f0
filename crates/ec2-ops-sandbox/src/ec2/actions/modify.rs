//! `ModifyInstanceAttribute`.

use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{InstanceBlockDeviceMappingSpecification, ModifyInstanceAttributeRequest};
use crate::ec2::state::{InstanceRecord, ShutdownBehavior, State};
use crate::ec2::{Ec2, fault};

impl Ec2 {
    /// `ModifyInstanceAttribute`, for the shutdown behaviour or the devices' `DeleteOnTermination`: one of them per
    /// call, as on AWS.
    pub fn modify_instance_attribute(
        &self,
        region: &str,
        request: &ModifyInstanceAttributeRequest,
    ) -> Result<(), AwsError> {
        if request.instance_id.is_empty() {
            return Err(fault::missing_parameter("InstanceId"));
        }
        let behavior = request.instance_initiated_shutdown_behavior.as_ref();
        let devices = &request.block_device_mappings;
        self.act(|state| {
            let found = state.instances_by_id(region, std::slice::from_ref(&request.instance_id))?;
            let Some(record) = found.first() else {
                return Err(fault::instances_not_found(&[&request.instance_id]));
            };
            match (behavior, devices.as_slice()) {
                (None, []) => Err(fault::combination("No attributes specified.")),
                (Some(_), [_, ..]) => Err(fault::combination(
                    "Fields for multiple attribute types specified: instanceInitiatedShutdownBehavior, blockDeviceMapping",
                )),
                (Some(behavior), []) => {
                    set_shutdown_behavior(state, record, &behavior.value, request.dry_run)
                }
                (None, devices) => set_delete_on_termination(state, record, devices, request.dry_run),
            }
        })
    }
}

fn set_shutdown_behavior(
    state: &mut State,
    record: &InstanceRecord,
    value: &str,
    dry_run: bool,
) -> Result<(), AwsError> {
    let parameter = "instanceInitiatedShutdownBehavior";
    let behavior = ShutdownBehavior::parse(value)
        .ok_or_else(|| fault::invalid_value(parameter, value, "Expected 'stop' or 'terminate'."))?;
    if record.is_spot() {
        return Err(AwsError::client(
            "UnsupportedOperation",
            "Modifying the shutdown behavior of a Spot Instance is not supported.",
        ));
    }
    refuse_dry_run(dry_run)?;
    if let Some(record) = state.instances.edit(&record.instance.instance_id) {
        record.shutdown_behavior = behavior;
    }
    Ok(())
}

fn set_delete_on_termination(
    state: &mut State,
    record: &InstanceRecord,
    devices: &[InstanceBlockDeviceMappingSpecification],
    dry_run: bool,
) -> Result<(), AwsError> {
    let attached = &record.instance.block_device_mappings;
    if let Some(stranger) =
        devices.iter().find(|device| !attached.iter().any(|a| a.device_name == device.device_name))
    {
        return Err(AwsError::client(
            "InvalidInstanceAttributeValue",
            format!("No device is currently mapped at {}", stranger.device_name),
        ));
    }
    refuse_dry_run(dry_run)?;
    for device in devices {
        state.set_delete_on_termination(
            &record.instance.instance_id,
            &device.device_name,
            device.ebs.delete_on_termination,
        );
    }
    Ok(())
}
