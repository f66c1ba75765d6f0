//! Checks a launch's key pair, subnet, security groups and network interface.

use crate::AwsError;
use crate::ec2::api::RunInstancesRequest;
use crate::ec2::config::Missing;

/// Checks that what the launch names exists, and is modelled.
pub(super) fn check(request: &RunInstancesRequest, missing: &Missing) -> Result<(), AwsError> {
    if let Some(key) = &request.key_name
        && missing.key_names.contains(key)
    {
        return Err(AwsError::client(
            "InvalidKeyPair.NotFound",
            format!("The key pair '{key}' does not exist"),
        ));
    }
    check_interfaces(request)?;
    let interface = request.network_interfaces.first();
    let subnet = request.subnet_id.as_deref().or_else(|| interface?.subnet_id.as_deref());
    if let Some(subnet) = subnet {
        check_subnet(subnet, missing)?;
    }
    let groups = interface.map_or(&request.security_group_ids, |interface| &interface.groups);
    for id in groups {
        check_group_id(id, missing)?;
    }
    for name in &request.security_groups {
        check_group_name(name, missing)?;
    }
    Ok(())
}

fn check_interfaces(request: &RunInstancesRequest) -> Result<(), AwsError> {
    let interface = match request.network_interfaces.as_slice() {
        [] => return Ok(()),
        [interface] => interface,
        more => {
            return Err(AwsError::unmodelled(format!("{} network interfaces, only 1", more.len())));
        }
    };
    match interface.device_index {
        Some(other) if other != 0 => {
            Err(AwsError::unmodelled(format!("the network interface's DeviceIndex {other}, only 0")))
        }
        _ => Ok(()),
    }
}

/// Whether the subnet exists, in EC2's words if not.
pub(in crate::ec2::actions) fn check_subnet(id: &str, missing: &Missing) -> Result<(), AwsError> {
    if missing.subnets.contains(id) {
        return Err(AwsError::client(
            "InvalidSubnetID.NotFound",
            format!("The subnet ID '{id}' does not exist"),
        ));
    }
    Ok(())
}

fn check_group_id(id: &str, missing: &Missing) -> Result<(), AwsError> {
    if missing.security_groups.contains(id) {
        return Err(AwsError::client(
            "InvalidGroup.NotFound",
            format!("The security group '{id}' does not exist"),
        ));
    }
    Ok(())
}

fn check_group_name(name: &str, missing: &Missing) -> Result<(), AwsError> {
    if missing.security_groups.contains(name) {
        return Err(AwsError::client(
            "InvalidGroup.NotFound",
            format!("The security group '{name}' does not exist in default VPC"),
        ));
    }
    Ok(())
}
