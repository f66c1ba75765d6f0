//! The launch that a document asks for: its defaults, its variables, and what EC2 would refuse.

use ec2_ops_limits::MAX_TAGS;
use ec2_ops_limits::launch::refusals;

use super::architecture;
use super::instance_parameters::{
    BlockDeviceMapping, InstanceParameters, MetadataOptions, OneOrMore, Tag, TagSpecification,
};
use super::problem::{Problem, found, quoted};
use super::variables::Values;
use crate::ids::Region;
use crate::tags;

pub(super) const PATH: &str = "$.instance_parameters";

/// The network hops that an answer of the metadata service takes to a container on the instance: without the second one, the
/// container has no credentials. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-existing-instances.html>.
const HOPS_TO_A_CONTAINER: i32 = 2;

/// IMDSv2 only, also for containers, and encrypted volumes, unless the document sets something else.
pub(super) fn secure(instance: &mut InstanceParameters<OneOrMore>) {
    let metadata = instance.metadata_options.get_or_insert_with(MetadataOptions::default);
    metadata.http_tokens.get_or_insert_with(|| "required".to_owned());
    metadata.http_put_response_hop_limit.get_or_insert(HOPS_TO_A_CONTAINER);
    let mappings: &mut [BlockDeviceMapping] =
        instance.block_device_mappings.as_deref_mut().unwrap_or_default();
    for ebs in mappings.iter_mut().filter_map(|mapping| mapping.ebs.as_mut()) {
        ebs.encrypted.get_or_insert(true);
    }
}

/// Reports the arguments that EC2 would refuse, or that would break the cleanup.
pub(super) fn check(instance: &InstanceParameters<OneOrMore>, problems: &mut Vec<Problem>) {
    let mut own = Vec::new();
    check_choice("InstanceType", Some(&instance.instance_type), &mut own);
    check_choice("SubnetId", instance.subnet_id.as_ref(), &mut own);
    check_architectures(instance, &mut own);
    check_tags(instance.tag_specifications.as_deref().unwrap_or_default(), &mut own);
    let metadata = instance.metadata_options.as_ref();
    if metadata.is_some_and(|options| options.http_endpoint.as_deref() == Some("disabled")) {
        let message = "found \"disabled\", expected \"enabled\": the SSM agent gets its credentials there";
        own.push(Problem::new(format!("{PATH}.MetadataOptions.HttpEndpoint"), message));
    }
    for refused in refused_by_ec2(instance) {
        // One reason for a place is enough.
        if !own.iter().any(|problem| problem.path == refused.path) {
            own.push(refused);
        }
    }
    problems.append(&mut own);
}

/// What EC2 would refuse, with each type and in each subnet.
fn refused_by_ec2(instance: &InstanceParameters<OneOrMore>) -> Vec<Problem> {
    let types = each("InstanceType", Some(&instance.instance_type));
    let subnets = each("SubnetId", instance.subnet_id.as_ref());
    let mut problems = Vec::new();
    for i in 0..types.len().max(subnets.len()) {
        let Some((type_path, instance_type)) = types.get(i).or(types.last()) else { continue };
        let (subnet_path, subnet) = subnets.get(i).or(subnets.last()).cloned().unzip();
        let launch = instance.choose(instance_type, subnet);
        for refusal in refusals(&serde_json::to_value(&launch).unwrap_or_default()) {
            let path = match refusal.path.as_str() {
                "InstanceType" => type_path,
                "SubnetId" => subnet_path.as_ref().unwrap_or(&refusal.path),
                path => path,
            };
            let value = if refusal.value.is_null() { "nothing".to_owned() } else { found(&refusal.value) };
            let message = format!("found {value}, expected {}", refusal.rule.expected);
            problems.push(Problem::new(format!("{PATH}.{path}"), message));
        }
    }
    problems
}

/// The values of `choice`, each with its path below [`PATH`].
pub(super) fn each<'a>(name: &str, choice: Option<&'a OneOrMore>) -> Vec<(String, &'a str)> {
    let path = |i| match choice {
        Some(OneOrMore::More(_)) => format!("{name}[{i}]"),
        _ => name.to_owned(),
    };
    let values = choice.map_or(&[][..], OneOrMore::as_slice);
    values.iter().enumerate().map(|(i, value)| (path(i), value.as_str())).collect()
}

/// A value that comes twice would be tried twice.
fn check_choice(name: &str, choice: Option<&OneOrMore>, problems: &mut Vec<Problem>) {
    let values = each(name, choice);
    for (i, (path, value)) in values.iter().enumerate() {
        if values[..i].iter().any(|(_, earlier)| earlier == value) {
            let message = format!("found {} a second time, expected each once", quoted(value));
            problems.push(Problem::new(format!("{PATH}.{path}"), message));
        }
    }
}

/// An image has one architecture, so a launch with a type of another one can never work.
fn check_architectures(instance: &InstanceParameters<OneOrMore>, problems: &mut Vec<Problem>) {
    let types = each("InstanceType", Some(&instance.instance_type));
    let of_image =
        architecture::of_image(&instance.image_id).map(|of_image| ("the image".to_owned(), of_image));
    let of_first = || types.iter().find_map(|(_, name)| Some((quoted(name), architecture::of_type(name)?)));
    let Some((reference, expected)) = of_image.or_else(of_first) else { return };
    for (path, name) in &types {
        if let Some(other) = architecture::of_type(name).filter(|found| *found != expected) {
            let found = quoted(name);
            let message = format!(
                "found {found}, which is {other}, expected a type that is {expected} like {reference}"
            );
            problems.push(Problem::new(format!("{PATH}.{path}"), message));
        }
    }
}

/// Fills in the variables in the values of tags.
pub(super) fn fill(
    instance: &mut InstanceParameters<OneOrMore>,
    values: &Values<'_>,
    problems: &mut Vec<Problem>,
) {
    for (i, specification) in instance.tag_specifications.iter_mut().flatten().enumerate() {
        for (j, tag) in specification.tags.iter_mut().enumerate() {
            match values.fill(&tag.value) {
                Ok(filled) => tag.value = filled,
                Err(error) => {
                    let path = format!("{PATH}.TagSpecifications[{i}].Tags[{j}].Value");
                    let message =
                        format!("found {}, expected the value of a tag; {error}", quoted(&tag.value));
                    problems.push(Problem::new(path, message));
                }
            }
        }
    }
}

/// Our tags decide what the cleanup ends, and need room beside those of the document.
fn check_tags(specifications: &[TagSpecification], problems: &mut Vec<Problem>) {
    let room = MAX_TAGS - tags::KEYS.len();
    for (i, specification) in specifications.iter().enumerate() {
        let path = format!("{PATH}.TagSpecifications[{i}].Tags");
        let count = specification.tags.len();
        if count > room {
            let ours = tags::KEYS.len();
            let message = format!(
                "found {count} tags, expected at most {room}: EC2 takes {MAX_TAGS}, and {ours} are of ec2-ops"
            );
            problems.push(Problem::new(path.as_str(), message));
        }
        // IAM's conditions do not distinguish keys by case, and our policies have conditions on tags:
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
        let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        for (j, Tag { key, .. }) in specification.tags.iter().enumerate() {
            let earlier = specification.tags[..j].iter().find(|tag| tag.key != *key && same(&tag.key, key));
            let expected = match earlier {
                _ if key.to_lowercase().starts_with(tags::PREFIX) => {
                    format!("a key that does not begin with {}, in whatever case", tags::PREFIX)
                }
                Some(earlier) => {
                    format!("a key that differs from {} by more than case", quoted(&earlier.key))
                }
                None => continue,
            };
            let message = format!("found {}, expected {expected}", quoted(key));
            problems.push(Problem::new(format!("{path}[{j}].Key"), message));
        }
    }
}

/// A region's name is a part of the world and a number: `us-east-1`, `us-gov-west-1`.
pub(super) fn check_region(region: Option<&Region>, problems: &mut Vec<Problem>) {
    let Some(region) = region.map(Region::as_str) else { return };
    let parts: Vec<_> = region.split('-').collect();
    let right = match parts.as_slice() {
        [words @ .., number] if words.len() >= 2 => {
            words.iter().all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()))
                && !number.is_empty()
                && number.chars().all(|c| c.is_ascii_digit())
        }
        _ => false,
    };
    if !right {
        let message = format!("found {}, expected an AWS region such as us-east-1", quoted(region));
        problems.push(Problem::new("$.region", message));
    }
}
