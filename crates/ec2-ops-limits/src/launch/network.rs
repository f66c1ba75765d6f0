//! Subnets, security groups and network interfaces.

use super::{API, COMBINATION, IDS, VALUE, is_missing, is_no_id, rule};
use crate::rule::Rule;

const INTERFACE: &str =
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterfaceSpecification.html";

pub(super) const RULES: &[Rule] = &[
    rule(
        ("SubnetId", "no SubnetId beside NetworkInterfaces: each interface has its own"),
        (
            COMBINATION,
            "Network interfaces and an instance-level subnet ID may not be specified on the same request",
        ),
        API,
        |here| here.is_beside("NetworkInterfaces"),
    ),
    rule(
        (
            "SecurityGroupIds",
            "no SecurityGroupIds beside NetworkInterfaces: each interface has its own Groups",
        ),
        (
            COMBINATION,
            "Network interfaces and an instance-level security groups may not be specified on the same request",
        ),
        API,
        |here| here.is_beside("NetworkInterfaces"),
    ),
    rule(
        ("SecurityGroups", "no SecurityGroups beside NetworkInterfaces: each interface has its own Groups"),
        (
            COMBINATION,
            "Network interfaces and an instance-level security groups may not be specified on the same request",
        ),
        API,
        |here| here.is_beside("NetworkInterfaces"),
    ),
    rule(
        (
            "SecurityGroups",
            "SecurityGroupIds, because names are of the default VPC and SubnetId names another place",
        ),
        (COMBINATION, "The parameter groupName cannot be used with the parameter subnet"),
        API,
        |here| here.is_beside("SubnetId"),
    ),
    rule(
        ("SubnetId", "the id of a subnet such as subnet-0123456789abcdef0"),
        ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
        IDS,
        |here| is_no_id(here, "subnet-"),
    ),
    rule(
        ("SecurityGroupIds[]", "the id of a security group such as sg-0123456789abcdef0"),
        ("InvalidGroupId.Malformed", "Invalid id: \"{}\" (expecting \"sg-...\")"),
        IDS,
        |here| is_no_id(here, "sg-"),
    ),
    rule(
        ("NetworkInterfaces[].DeviceIndex", "a DeviceIndex, 0 for the primary interface"),
        (VALUE, "Each network interface requires a device index."),
        INTERFACE,
        is_missing,
    ),
    rule(
        ("NetworkInterfaces[].DeviceIndex", "each DeviceIndex once"),
        (VALUE, "Each network interface requires a unique device index."),
        INTERFACE,
        |here| !here.is_missing() && here.earlier.iter().any(|earlier| earlier["DeviceIndex"] == *here.value),
    ),
    rule(
        (
            "NetworkInterfaces[].AssociatePublicIpAddress",
            "it only for a single interface, with DeviceIndex 0",
        ),
        (
            COMBINATION,
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.",
        ),
        INTERFACE,
        |here| {
            let interfaces = here.request["NetworkInterfaces"].as_array().map_or(0, Vec::len);
            here.value == true && (interfaces > 1 || here.fields["DeviceIndex"].as_u64() != Some(0))
        },
    ),
    rule(
        ("NetworkInterfaces[].SubnetId", "the id of a subnet such as subnet-0123456789abcdef0"),
        ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
        IDS,
        |here| is_no_id(here, "subnet-"),
    ),
    rule(
        ("NetworkInterfaces[].Groups[]", "the id of a security group such as sg-0123456789abcdef0"),
        ("InvalidGroupId.Malformed", "Invalid id: \"{}\" (expecting \"sg-...\")"),
        IDS,
        |here| is_no_id(here, "sg-"),
    ),
];
