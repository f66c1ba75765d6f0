//! Tags.

use serde_json::Value;

use super::{API, VALUE, rule};
use crate::MAX_TAGS;
use crate::rule::Rule;

const METADATA: &str = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html";
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
        (
            "TagSpecifications[].Tags[].Key",
            "a key of an instance without spaces and slashes beside MetadataOptions.InstanceMetadataTags",
        ),
        (
            VALUE,
            r"'{}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')",
        ),
        METADATA,
        |here| {
            here.request["MetadataOptions"]["InstanceMetadataTags"] == "enabled"
                && here.text().is_some_and(|key| !is_key_of_metadata(key))
                && is_of_instance(here.request, here.value)
        },
    ),
    rule(
        ("TagSpecifications[].Tags[].Value", "a value of at most 256 characters"),
        (VALUE, "Tag value exceeds the maximum length of 256 characters"),
        TAGS,
        |here| here.text().is_some_and(|value| value.chars().count() > 256),
    ),
];

/// Whether `key` can be part of the path at which the metadata service shows its value.
fn is_key_of_metadata(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_+=,.@:".contains(c);
    key.chars().all(plain) && ![".", "..", "_index"].contains(&key)
}

/// Whether an instance gets a tag of this key, and not only a volume.
fn is_of_instance(request: &Value, key: &Value) -> bool {
    let lists = request["TagSpecifications"].as_array().into_iter().flatten();
    let mut tags =
        lists.filter(|list| list["ResourceType"] == "instance").filter_map(|list| list["Tags"].as_array());
    tags.any(|tags| tags.iter().any(|tag| tag["Key"] == *key))
}
