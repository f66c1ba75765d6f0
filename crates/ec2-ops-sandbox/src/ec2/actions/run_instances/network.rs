//! Checks a launch's key pair, subnet, security groups and network interface.

use crate::AwsError;
use crate::ec2::api::RunInstancesRequest;
use crate::ec2::config::Missing;
use crate::ec2::{fault, ids};

/// Checks the names' form and existence, and that they do not contradict each other.
pub(super) fn check(request: &RunInstancesRequest, missing: &Missing) -> Result<(), AwsError> {
    if let Some(key) = &request.key_name
        && (key.is_empty() || missing.key_names.contains(key))
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
        check_group_name(name, request, missing)?;
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
    if !request.security_group_ids.is_empty() || !request.security_groups.is_empty() {
        return Err(fault::combination(
            "Network interfaces and an instance-level security groups may not be specified on the same request",
        ));
    }
    if request.subnet_id.is_some() {
        return Err(fault::combination(
            "Network interfaces and an instance-level subnet ID may not be specified on the same request",
        ));
    }
    match interface.device_index {
        Some(0) => Ok(()),
        None => Err(fault::invalid_parameter("Each network interface requires a device index.")),
        Some(other) => {
            Err(AwsError::unmodelled(format!("the network interface's DeviceIndex {other}, only 0")))
        }
    }
}

fn check_subnet(id: &str, missing: &Missing) -> Result<(), AwsError> {
    if !ids::well_formed(id, "subnet-") || missing.subnets.contains(id) {
        return Err(AwsError::client(
            "InvalidSubnetID.NotFound",
            format!("The subnet ID '{id}' does not exist"),
        ));
    }
    Ok(())
}

fn check_group_id(id: &str, missing: &Missing) -> Result<(), AwsError> {
    if !ids::well_formed(id, "sg-") {
        return Err(AwsError::client(
            "InvalidGroupId.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"sg-...\")"),
        ));
    }
    if missing.security_groups.contains(id) {
        return Err(AwsError::client(
            "InvalidGroup.NotFound",
            format!("The security group '{id}' does not exist"),
        ));
    }
    Ok(())
}

fn check_group_name(name: &str, request: &RunInstancesRequest, missing: &Missing) -> Result<(), AwsError> {
    if request.subnet_id.is_some() {
        return Err(fault::combination("The parameter groupName cannot be used with the parameter subnet"));
    }
    if missing.security_groups.contains(name) {
        return Err(AwsError::client(
            "InvalidGroup.NotFound",
            format!("The security group '{name}' does not exist in default VPC"),
        ));
    }
    Ok(())
}
