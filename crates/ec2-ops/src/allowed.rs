//! What a deployment lets its documents launch with.
//!
//! The launch policy says the same, so this only refuses earlier, and by name. The owner of an image is for the policy alone:
//! a document does not show it.

use serde::Deserialize;

use crate::document::{InstanceParameters, OneOrMore, Problem};

/// What documents may name, by kind. A kind that is not set allows everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Allowed {
    /// Types, or families of them as `m8g.*`.
    pub instance_types: Option<Vec<String>>,
    /// Subnets, those of the deployment itself included.
    pub subnet_ids: Option<Vec<String>>,
    /// Security groups, those of the deployment itself included.
    pub security_group_ids: Option<Vec<String>>,
    /// Snapshots of volumes.
    pub snapshot_ids: Option<Vec<String>>,
}

impl Allowed {
    /// Every value of `instance` that is not allowed.
    pub(crate) fn problems(&self, instance: &InstanceParameters<OneOrMore>) -> Vec<Problem> {
        let Self { instance_types, subnet_ids, security_group_ids, snapshot_ids } = self;
        let interfaces = instance.network_interfaces.as_deref().unwrap_or_default();
        let mut refused = Refused::default();

        refused.check(instance_types.as_deref(), choice("InstanceType", Some(&instance.instance_type)));

        let mut subnets = choice("SubnetId", instance.subnet_id.as_ref());
        let mut groups = list("SecurityGroupIds", instance.security_group_ids.as_deref());
        // By name, a group cannot be compared with ids.
        groups.extend(list("SecurityGroups", instance.security_groups.as_deref()));
        for (i, interface) in interfaces.iter().enumerate() {
            let path = format!("NetworkInterfaces[{i}]");
            subnets.extend(interface.subnet_id.iter().map(|id| (format!("{path}.SubnetId"), id.as_str())));
            groups.extend(list(&format!("{path}.Groups"), interface.groups.as_deref()));
        }
        // Where a document chooses a part of its network, EC2 chooses the rest from the default VPC.
        if instance.is_placed() {
            refused.require(subnet_ids.as_deref(), "SubnetId", &subnets);
            refused.require(security_group_ids.as_deref(), "SecurityGroupIds", &groups);
        }
        refused.check(subnet_ids.as_deref(), subnets);
        refused.check(security_group_ids.as_deref(), groups);

        let mappings = instance.block_device_mappings.iter().flatten().enumerate();
        let snapshots = mappings.filter_map(|(i, mapping)| {
            let id = mapping.ebs.as_ref()?.snapshot_id.as_deref()?;
            Some((format!("BlockDeviceMappings[{i}].Ebs.SnapshotId"), id))
        });
        refused.check(snapshot_ids.as_deref(), snapshots.collect());
        refused.0
    }
}

/// Values of a document, each with its path below `instance_parameters`.
type Values<'a> = Vec<(String, &'a str)>;

fn choice<'a>(name: &str, choice: Option<&'a OneOrMore>) -> Values<'a> {
    match choice {
        None => Vec::new(),
        Some(OneOrMore::One(value)) => vec![(name.to_owned(), value)],
        Some(OneOrMore::More(values)) => list(name, Some(values)),
    }
}

fn list<'a>(name: &str, values: Option<&'a [String]>) -> Values<'a> {
    let values = values.unwrap_or_default().iter().enumerate();
    values.map(|(i, value)| (format!("{name}[{i}]"), value.as_str())).collect()
}

#[derive(Default)]
struct Refused(Vec<Problem>);

impl Refused {
    fn check(&mut self, allowed: Option<&[String]>, values: Values<'_>) {
        let Some(allowed) = allowed else { return };
        for (path, value) in values {
            if !allowed.iter().any(|pattern| matches(pattern, value)) {
                self.push(&path, &format!("{value:?}"), allowed);
            }
        }
    }

    fn require(&mut self, allowed: Option<&[String]>, path: &str, values: &Values<'_>) {
        if let Some(allowed) = allowed.filter(|_| values.is_empty()) {
            self.push(path, "nothing", allowed);
        }
    }

    fn push(&mut self, path: &str, found: &str, allowed: &[String]) {
        let expected = match allowed {
            [] => "none: this deployment allows none".to_owned(),
            allowed => format!("what this deployment allows: {}", allowed.join(", ")),
        };
        let message = format!("found {found}, expected {expected}");
        self.0.push(Problem::new(format!("$.instance_parameters.{path}"), message));
    }
}

/// Whether `value` is `pattern`, or of the family that it names.
fn matches(pattern: &str, value: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == value, |family| value.starts_with(family))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problems(own: &Value) -> Vec<String> {
        let allowed: Allowed = serde_json::from_value(json!({
            "InstanceTypes": ["m8g.*", "t4g.nano"],
            "SubnetIds": ["subnet-a", "subnet-b"],
            "SecurityGroupIds": ["sg-a"],
            "SnapshotIds": [],
        }))
        .unwrap();
        let mut parameters = json!({ "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" });
        parameters.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        let parameters = serde_json::from_value(parameters).unwrap();
        assert_eq!(Allowed::default().problems(&parameters), []);
        let found = allowed.problems(&parameters).into_iter();
        found.map(|problem| problem.to_string().replace("$.instance_parameters.", "")).collect()
    }

    #[test]
    fn what_the_deployment_allows_is_no_problem() {
        let placed = json!({ "SubnetId": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-a"] });
        let interface = json!({ "DeviceIndex": 0, "SubnetId": "subnet-b", "Groups": ["sg-a"] });
        for own in [
            json!({}),
            json!({ "InstanceType": ["m8g.large", "t4g.nano"] }),
            placed,
            json!({ "NetworkInterfaces": [interface] }),
            json!({ "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 9 } }] }),
        ] {
            assert_eq!(problems(&own), [""; 0], "{own}");
        }
    }

    #[test]
    fn what_it_does_not_allow_is_named_with_what_it_does() {
        let types = "expected what this deployment allows: m8g.*, t4g.nano";
        let subnets = "expected what this deployment allows: subnet-a, subnet-b";
        let groups = "expected what this deployment allows: sg-a";
        for (own, expected) in [
            (json!({ "InstanceType": "t4g.small" }), vec![format!("InstanceType: found \"t4g.small\", {types}")]),
            (
                json!({ "InstanceType": ["m8g.large", "m8gd.large"] }),
                vec![format!("InstanceType[1]: found \"m8gd.large\", {types}")],
            ),
            (
                json!({ "SubnetId": "subnet-x" }),
                vec![
                    format!("SecurityGroupIds: found nothing, {groups}"),
                    format!("SubnetId: found \"subnet-x\", {subnets}"),
                ],
            ),
            (
                json!({ "SecurityGroups": ["default"] }),
                vec![
                    format!("SubnetId: found nothing, {subnets}"),
                    format!("SecurityGroups[0]: found \"default\", {groups}"),
                ],
            ),
            (
                json!({ "NetworkInterfaces": [{ "DeviceIndex": 0, "SubnetId": "subnet-x", "Groups": ["sg-a", "sg-x"] }] }),
                vec![
                    format!("NetworkInterfaces[0].SubnetId: found \"subnet-x\", {subnets}"),
                    format!("NetworkInterfaces[0].Groups[1]: found \"sg-x\", {groups}"),
                ],
            ),
            (
                json!({ "BlockDeviceMappings": [{ "DeviceName": "/dev/sdf", "Ebs": { "SnapshotId": "snap-1" } }] }),
                vec![
                    "BlockDeviceMappings[0].Ebs.SnapshotId: found \"snap-1\", expected none: this deployment allows none"
                        .to_owned(),
                ],
            ),
        ] {
            assert_eq!(problems(&own), expected, "{own}");
        }
    }
}
