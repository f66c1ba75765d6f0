//! The names of EC2's dialect: those on the wire differ from those of the API.
//!
//! The authority for both is EC2's service model.

use std::borrow::Cow;

/// The API's name of a list: the wire uses the singular, and for two lists another word.
pub(super) fn list(parent: &str, wire: &str) -> String {
    match (parent, wire) {
        ("", "ResourceId") => "Resources".to_owned(),
        ("NetworkInterface", "SecurityGroupId") => "Groups".to_owned(),
        _ => format!("{wire}s"),
    }
}

/// The wire's name of `field` in a structure that the API calls `owner` (empty for the response itself).
pub(super) fn element(owner: &str, field: &str) -> Cow<'static, str> {
    Cow::Borrowed(match (owner, field) {
        (_, "Associations") => "associationSet",
        (_, "Attachments") => "attachmentSet",
        (_, "BlockDeviceMappings") => "blockDeviceMapping",
        (_, "Images") => "imagesSet",
        ("", "InstanceTypeOfferings") => "instanceTypeOfferingSet",
        ("", "InstanceTypes") => "instanceTypeSet",
        (_, "Instances" | "StartingInstances" | "StoppingInstances" | "TerminatingInstances") => {
            "instancesSet"
        }
        ("", "InstanceStatuses") => "instanceStatusSet",
        (_, "Reservations") => "reservationSet",
        ("", "RouteTables") => "routeTableSet",
        (_, "Routes") => "routeSet",
        (_, "SecurityGroups") => "groupSet",
        ("", "SpotPriceHistory") => "spotPriceHistorySet",
        ("", "Subnets") => "subnetSet",
        (_, "Tags") => "tagSet",
        ("", "VpcEndpoints") => "vpcEndpointSet",
        (_, "Volumes") => "volumeSet",
        (_, "StateTransitionReason") => "reason",
        (_, "PublicDnsName") => "dnsName",
        ("Images", "OwnerId") => "imageOwnerId",
        ("Images", "Public") => "isPublic",
        ("Images", "State") => "imageState",
        ("Instances", "State") => "instanceState",
        // A volume or an attachment, in a list or as the response itself.
        ("Volumes" | "Attachments" | "", "State") => "status",
        _ => return Cow::Owned(lower_first(field)),
    })
}

fn lower_first(field: &str) -> String {
    let mut chars = field.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}
