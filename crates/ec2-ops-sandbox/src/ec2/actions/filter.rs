//! Filters of the `Describe…` actions: their names, their wildcards, and the indexes that answer them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::AwsError;
use crate::ec2::api::Filter;
use crate::ec2::state::{InstanceRecord, Row, State, Table, VolumeRecord};
use crate::ec2::{SERVICE, fault, ids};
use crate::wildcard;

/// A row that filters apply to.
pub(super) trait Filterable: Sized + 'static {
    /// EC2's name of the parameter with explicit ids.
    const IDS: &'static str;
    /// The action that lists these rows.
    const ACTION: &'static str;
    /// EC2's name of an attribute, and its values on a row.
    const ATTRIBUTES: &'static [Attribute<Self>];
    /// The ids of the rows whose attribute `name` is `value`, if there is an index for it.
    fn ids_by<'s>(state: &'s State, name: &str, value: &'s str) -> Option<Vec<&'s str>>;
    /// The rows with these ids, each once, or the error that names those that the caller does not see.
    fn with_ids(state: &State, region: &str, ids: &[String]) -> Result<Vec<Arc<Self>>, AwsError>;
    /// Its id.
    fn id(&self) -> &str;
    /// Whether callers in `region` see it at `now`.
    fn is_visible(&self, region: &str, now: Timestamp) -> bool;
    /// The row's tags as pairs.
    fn tag_pairs(&self) -> impl Iterator<Item = (&str, &str)>;
    /// The account's rows of this kind.
    fn table(state: &State) -> &Table<Self>;
}

type Attribute<R> = (&'static str, fn(&R) -> Vec<&str>);

/// Checked filters.
pub(super) struct Filters<'a, R: 'static> {
    filters: Vec<(Key<'a, R>, &'a [String])>,
}

enum Key<'a, R: 'static> {
    Attribute(&'static str, fn(&R) -> Vec<&str>),
    Tag(&'a str),
    AnyTag,
}

/// How many values the filters of one call may have together. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
const MAX_VALUES: usize = 200;

/// Refuses what no filter may be: without values, or with too many.
pub(super) fn check_values(filters: &[Filter]) -> Result<(), AwsError> {
    if let Some(empty) = filters.iter().find(|filter| filter.values.is_empty()) {
        return Err(fault::invalid_parameter(format!("The filter '{}' has no values", empty.name)));
    }
    if filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MAX_VALUES {
        let message =
            format!("The maximum number of filter values specified on a single call is {MAX_VALUES}");
        return Err(AwsError::client("FilterLimitExceeded", message));
    }
    Ok(())
}

impl<'a, R: Filterable + Row> Filters<'a, R> {
    /// Refuses every filter that is not modelled, whether EC2 has it or not: a filter that is ignored matches all.
    pub(super) fn new(filters: &'a [Filter]) -> Result<Self, AwsError> {
        check_values(filters)?;
        let filters = filters.iter().map(checked).collect::<Result<_, _>>()?;
        Ok(Self { filters })
    }

    /// The rows that can match, in the order of ids: those in the index of the most selective filter, or all rows if
    /// no filter has an index.
    pub(super) fn candidates<'s>(&self, state: &'s State) -> Vec<(&'s str, &'s Arc<R>)> {
        let exact = self.filters.iter().filter(|(_, values)| !values.iter().any(|value| has_wildcard(value)));
        exact
            .min_by_key(|(key, values)| match key {
                Key::Tag(tag) => values.iter().map(|value| R::table(state).count_tagged(tag, value)).sum(),
                // By id, if there is an index at all.
                Key::Attribute(name, _)
                    if values.iter().all(|value| R::ids_by(state, name, value).is_some()) =>
                {
                    0
                }
                _ => usize::MAX,
            })
            .and_then(|(key, values)| indexed(state, key, values))
            .unwrap_or_else(|| R::table(state).iter().collect())
    }

    /// Whether the row matches every filter, each by at least one of its values.
    pub(super) fn match_row(&self, row: &R) -> bool {
        self.filters.iter().all(|(key, patterns)| {
            let any = |value: &str| patterns.iter().any(|pattern| matches(pattern, value));
            match key {
                Key::Attribute(_, values) => values(row).into_iter().any(any),
                Key::Tag(wanted) => row.tag_pairs().any(|(key, value)| key == *wanted && any(value)),
                Key::AnyTag => row.tag_pairs().any(|(key, _)| any(key)),
            }
        })
    }
}

/// The rows that have one of `values` there, each once, if there is an index.
fn indexed<'s, R: Filterable + Row>(
    state: &'s State,
    key: &Key<'_, R>,
    values: &[String],
) -> Option<Vec<(&'s str, &'s Arc<R>)>> {
    let table = R::table(state);
    let mut rows = BTreeMap::new();
    for value in values {
        match key {
            Key::Tag(tag) => rows.extend(table.tagged(tag, value)),
            Key::Attribute(name, _) => {
                let ids = R::ids_by(state, name, value)?;
                rows.extend(ids.into_iter().filter_map(|id| table.entry(id)));
            }
            Key::AnyTag => return None,
        }
    }
    Some(rows.into_iter().collect())
}

fn checked<R: Filterable>(filter: &Filter) -> Result<(Key<'_, R>, &[String]), AwsError> {
    let unmodelled = || SERVICE.unmodelled(format!("the filter {} in {}", filter.name, R::ACTION));
    let key = if filter.name == "tag-key" {
        Key::AnyTag
    } else if let Some(key) = filter.name.strip_prefix("tag:").filter(|key| !key.is_empty()) {
        Key::Tag(key)
    } else {
        let (name, values) =
            R::ATTRIBUTES.iter().find(|(name, _)| *name == filter.name).ok_or_else(unmodelled)?;
        Key::Attribute(name, *values)
    };
    Ok((key, filter.values.as_slice()))
}

impl Filterable for InstanceRecord {
    const IDS: &'static str = "instancesSet";
    const ACTION: &'static str = "DescribeInstances";
    const ATTRIBUTES: &'static [Attribute<Self>] = &[
        ("availability-zone", |r| r.instance.placement.availability_zone.as_deref().into_iter().collect()),
        ("client-token", |r| vec![&r.instance.client_token]),
        ("image-id", |r| vec![&r.instance.image_id]),
        ("instance-id", |r| vec![&r.instance.instance_id]),
        ("instance-lifecycle", |r| r.instance.instance_lifecycle.as_deref().into_iter().collect()),
        ("instance-state-name", |r| vec![r.state().as_str()]),
        ("instance-type", |r| vec![&r.instance.instance_type]),
        ("subnet-id", |r| r.instance.subnet_id.as_deref().into_iter().collect()),
    ];

    fn with_ids(state: &State, region: &str, ids: &[String]) -> Result<Vec<Arc<Self>>, AwsError> {
        state.instances_by_id(region, ids)
    }

    fn id(&self) -> &str {
        &self.instance.instance_id
    }

    fn is_visible(&self, region: &str, now: Timestamp) -> bool {
        self.region == region && self.visible_at <= now
    }

    fn tag_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.instance.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()))
    }

    fn ids_by<'s>(_: &'s State, name: &str, value: &'s str) -> Option<Vec<&'s str>> {
        (name == "instance-id").then(|| vec![value])
    }

    fn table(state: &State) -> &Table<Self> {
        &state.instances
    }
}

impl Filterable for VolumeRecord {
    const IDS: &'static str = "volumeIds";
    const ACTION: &'static str = "DescribeVolumes";
    const ATTRIBUTES: &'static [Attribute<Self>] = &[
        ("attachment.instance-id", |r| r.volume.attachments.iter().map(|a| a.instance_id.as_str()).collect()),
        ("availability-zone", |r| vec![&r.volume.availability_zone]),
        ("status", |r| vec![r.volume.state.as_str()]),
        ("volume-id", |r| vec![&r.volume.volume_id]),
    ];

    fn with_ids(state: &State, region: &str, ids: &[String]) -> Result<Vec<Arc<Self>>, AwsError> {
        ids::distinct(ids).into_iter().map(|id| state.volume(region, id).cloned()).collect()
    }

    fn id(&self) -> &str {
        &self.volume.volume_id
    }

    fn is_visible(&self, region: &str, now: Timestamp) -> bool {
        self.region == region && self.visible_at <= now
    }

    fn tag_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.volume.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()))
    }

    fn ids_by<'s>(state: &'s State, name: &str, value: &'s str) -> Option<Vec<&'s str>> {
        match name {
            "volume-id" => Some(vec![value]),
            "attachment.instance-id" => Some(state.volumes_of(value)),
            _ => None,
        }
    }

    fn table(state: &State) -> &Table<Self> {
        &state.volumes
    }
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '\\'])
}

/// EC2's wildcards: `*`, `?`, and `\` to take the next character literally. Case counts.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    wildcard::matches(&wildcard::parts_with_escapes(pattern), text)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_match_as_ec2_documents() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("run*", "running"),
            ("*ing", "running"),
            ("r?nning", "running"),
            ("a*b*c", "a-b-b-c"),
            (r"\*", "*"),
            (r"a\?", "a?"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("run", "running"), ("RUN*", "running"), (r"\*", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
