//! Tags.

use super::{API, VALUE, rule};
use crate::MAX_TAGS;
use crate::rule::Rule;

const TAGS: &str = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html";

pub(super) const RULES: &[Rule] = &[
    rule(
        ("TagSpecifications[].ResourceType", "one list of tags for each ResourceType"),
        (VALUE, "Duplicate resource type '{}' in tag specifications."),
        API,
        |here| here.earlier.iter().any(|earlier| earlier["ResourceType"] == *here.value),
    ),
    rule(
        ("TagSpecifications[].Tags", "at most 50 tags, of which ec2-ops sets 4"),
        ("TagLimitExceeded", "The maximum number of Tags for a resource has been reached."),
        TAGS,
        |here| here.value.as_array().is_some_and(|tags| tags.len() > MAX_TAGS),
    ),
    rule(
        ("TagSpecifications[].Tags[].Key", "a key of 1 to 128 characters"),
        (VALUE, "Tag key exceeds the maximum length of 128 characters"),
        TAGS,
        |here| here.text().is_some_and(|key| !(1..=128).contains(&key.chars().count())),
    ),
    rule(
        ("TagSpecifications[].Tags[].Key", "a key that does not begin with aws:"),
        (VALUE, "Tag keys starting with 'aws:' are reserved for internal use"),
        TAGS,
        |here| {
            let prefix = here.text().and_then(|key| key.get(..4));
            prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
        },
    ),
    rule(
        ("TagSpecifications[].Tags[].Key", "each key once"),
        (VALUE, "Duplicate tag key '{}' specified."),
        TAGS,
        |here| here.earlier.iter().any(|earlier| earlier["Key"] == *here.value),
    ),
    rule(
        ("TagSpecifications[].Tags[].Value", "a value of at most 256 characters"),
        (VALUE, "Tag value exceeds the maximum length of 256 characters"),
        TAGS,
        |here| here.text().is_some_and(|value| value.chars().count() > 256),
    ),
];
