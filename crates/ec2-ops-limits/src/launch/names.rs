//! Names and ids.

use super::{API, COMBINATION, IDS, VALUE, rule};
use crate::rule::Rule;
use crate::{is_id, ssm};

const KEY_PAIR: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html";
const PROFILE: &str =
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IamInstanceProfileSpecification.html";

pub(super) const RULES: &[Rule] = &[
    rule(
        (
            "ImageId",
            "the id of an AMI, ami- and 17 hexadecimal digits, or resolve:ssm:NAME, perhaps with :VERSION or :LABEL",
        ),
        ("InvalidAMIID.Malformed", "Invalid id: \"{}\" (expecting \"ami-...\")"),
        IDS,
        |here| here.text().is_some_and(|image| !is_id(image, "ami-") && !ssm::is_image_parameter(image)),
    ),
    rule(
        ("InstanceType", "an instance type such as t4g.large"),
        (VALUE, "Invalid value '{}' for InstanceType."),
        API,
        |here| here.text().is_some_and(|name| !is_instance_type(name)),
    ),
    rule(
        ("KeyName", "the name of a key pair, at most 255 characters"),
        ("InvalidKeyPair.NotFound", "The key pair '{}' does not exist"),
        KEY_PAIR,
        |here| here.text().is_some_and(|name| name.is_empty() || name.len() > 255 || !name.is_ascii()),
    ),
    rule(
        ("ClientToken", "1 to 64 ASCII characters"),
        (VALUE, "Value ({}) for parameter clientToken is invalid. Expected 1 to 64 ASCII characters."),
        API,
        |here| here.text().is_some_and(|token| token.is_empty() || token.len() > 64 || !token.is_ascii()),
    ),
    rule(
        ("IamInstanceProfile", "either Name or Arn"),
        (
            COMBINATION,
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
        ),
        PROFILE,
        |here| !here.is_missing() && here.value["Name"].is_string() == here.value["Arn"].is_string(),
    ),
];

/// A family and a size.
fn is_instance_type(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let part = |part: &str| !part.is_empty() && part.chars().all(is_plain);
    text.split_once('.').is_some_and(|(family, size)| part(family) && part(size))
}
