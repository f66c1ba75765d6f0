//! Checks of the RunInstances arguments that need no AWS call.

use super::instance_parameters::{InstanceParameters, OneOrMore, TagSpecification};
use super::problem::{Problem, quoted};
use super::variables::{Values, is_parameter_name};
use crate::ids::Region;

const PATH: &str = "$.instance_parameters";

/// Reports the arguments that EC2 would refuse, or that would break the cleanup.
pub(super) fn check(instance: &InstanceParameters<OneOrMore>, problems: &mut Vec<Problem>) {
    let mut expect = |right: bool, name: &str, what: &str| {
        if !right {
            problems.push(Problem::new(format!("{PATH}.{name}"), what));
        }
    };
    let found = |text: &str, expected: &str| format!("found {}, expected {expected}", quoted(text));
    let image = &instance.image_id;
    let what = match image.strip_prefix(RESOLVE) {
        None => "the id of an AMI, ami- and 17 hexadecimal digits, or resolve:ssm:NAME",
        Some(_) => {
            "resolve:ssm: and the name of a parameter such as /my/image, perhaps with :VERSION or :LABEL"
        }
    };
    expect(is_image_id(image) || is_image_parameter(image), "ImageId", &found(image, what));
    for (path, kind) in each("InstanceType", &instance.instance_type) {
        expect(is_instance_type(kind), &path, &found(kind, "an instance type such as t4g.large"));
    }
    for (i, group) in instance.security_group_ids.iter().flatten().enumerate() {
        let what = found(group, "the id of a security group such as sg-0123456789abcdef0");
        expect(group.starts_with("sg-"), &format!("SecurityGroupIds[{i}]"), &what);
    }
    for (path, subnet) in instance.subnet_id.iter().flat_map(|subnets| each("SubnetId", subnets)) {
        let what = found(subnet, "the id of a subnet such as subnet-0123456789abcdef0");
        expect(subnet.starts_with("subnet-"), &path, &what);
    }
    for (name, choice) in
        [("InstanceType", Some(&instance.instance_type)), ("SubnetId", instance.subnet_id.as_ref())]
    {
        let values = choice.map_or(&[][..], OneOrMore::as_slice);
        for (i, value) in values.iter().enumerate().filter(|(i, value)| values[..*i].contains(value)) {
            expect(
                false,
                &format!("{name}[{i}]"),
                &format!("found {} a second time, expected each once", quoted(value)),
            );
        }
    }
    if let Some(profile) = &instance.iam_instance_profile {
        let one = profile.name.is_some() != profile.arn.is_some();
        expect(one, "IamInstanceProfile", "expected either Name or Arn");
    }
    if let Some(data) = &instance.user_data {
        let what = found(data, "Base64, as RunInstances takes it (base64 -w0 user-data.sh)");
        expect(is_base64(data), "UserData", &what);
    }
    check_tags(instance.tag_specifications.as_deref().unwrap_or_default(), problems);
}

/// The values of `choice`, each with its path below [`PATH`].
fn each<'a>(name: &str, choice: &'a OneOrMore) -> Vec<(String, &'a str)> {
    let path = |i| match choice {
        OneOrMore::One(_) => name.to_owned(),
        OneOrMore::More(_) => format!("{name}[{i}]"),
    };
    choice.as_slice().iter().enumerate().map(|(i, value)| (path(i), value.as_str())).collect()
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

/// Our tags decide what the cleanup ends, AWS reserves its own prefix, and a resource has one list of tags.
fn check_tags(specifications: &[TagSpecification], problems: &mut Vec<Problem>) {
    for (i, specification) in specifications.iter().enumerate() {
        let path = format!("{PATH}.TagSpecifications[{i}]");
        let kind = specification.resource_type;
        if specifications[..i].iter().any(|earlier| earlier.resource_type == kind) {
            let message = "found a second list of tags for the same ResourceType, expected one";
            problems.push(Problem::new(format!("{path}.ResourceType"), message));
        }
        for (j, tag) in specification.tags.iter().enumerate() {
            let path = format!("{path}.Tags[{j}].Key");
            let found = quoted(&tag.key);
            if tag.key.starts_with("ec2-ops:") || tag.key.starts_with("aws:") {
                let message =
                    format!("found {found}, expected a key that does not begin with ec2-ops: or aws:");
                problems.push(Problem::new(path, message));
            } else if specification.tags[..j].iter().any(|earlier| earlier.key == tag.key) {
                problems
                    .push(Problem::new(path, format!("found {found} a second time, expected each key once")));
            }
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

/// 17 hexadecimal digits, or 8 in ids from before 2018. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>.
fn is_image_id(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.strip_prefix("ami-").is_some_and(|id| matches!(id.len(), 8 | 17) && id.chars().all(is_digit))
}

/// What EC2 resolves to the id of an AMI. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html>.
const RESOLVE: &str = "resolve:ssm:";

/// `resolve:ssm:NAME`, and perhaps `:VERSION` or `:LABEL`.
fn is_image_parameter(text: &str) -> bool {
    let Some(parameter) = text.strip_prefix(RESOLVE) else { return false };
    let (name, selector) = parameter.split_once(':').unwrap_or((parameter, "1"));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    is_parameter_name(name) && !selector.is_empty() && selector.chars().all(is_plain)
}

fn is_instance_type(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let part = |part: &str| !part.is_empty() && part.chars().all(is_plain);
    text.split_once('.').is_some_and(|(family, size)| part(family) && part(size))
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_digit = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.chars().all(is_digit)
}
