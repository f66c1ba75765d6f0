//! Filters of the `Describe…` actions: their names, their wildcards, and the indexes that answer them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::AwsError;
use crate::ec2::api::Filter;
use crate::ec2::fault;
use crate::ec2::state::{InstanceRecord, Row, State, Table, VolumeRecord};

/// A row that filters apply to.
pub(super) trait Filterable: Sized + 'static {
    /// EC2's name of an attribute, and its values on a row.
    const ATTRIBUTES: &'static [Attribute<Self>];
    /// The ids of the rows whose attribute `name` is `value`, if there is an index for it.
    fn ids_by<'s>(state: &'s State, name: &str, value: &'s str) -> Option<Vec<&'s str>>;
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

impl<'a, R: Filterable + Row> Filters<'a, R> {
    /// Refuses every filter that is not modelled, whether EC2 has it or not: a filter that is ignored matches all.
    pub(super) fn new(filters: &'a [Filter]) -> Result<Self, AwsError> {
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
    let invalid = || fault::invalid_parameter(format!("The filter '{}' is invalid", filter.name));
    if filter.values.is_empty() {
        return Err(fault::invalid_parameter(format!("The filter '{}' has no values", filter.name)));
    }
    let key = if filter.name == "tag-key" {
        Key::AnyTag
    } else if let Some(key) = filter.name.strip_prefix("tag:").filter(|key| !key.is_empty()) {
        Key::Tag(key)
    } else {
        let (name, values) =
            R::ATTRIBUTES.iter().find(|(name, _)| *name == filter.name).ok_or_else(invalid)?;
        Key::Attribute(name, *values)
    };
    Ok((key, filter.values.as_slice()))
}

impl Filterable for InstanceRecord {
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
    const ATTRIBUTES: &'static [Attribute<Self>] = &[
        ("attachment.instance-id", |r| r.volume.attachments.iter().map(|a| a.instance_id.as_str()).collect()),
        ("availability-zone", |r| vec![&r.volume.availability_zone]),
        ("status", |r| vec![r.volume.state.as_str()]),
        ("volume-id", |r| vec![&r.volume.volume_id]),
    ];

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

/// EC2's wildcards: `*` for any run of characters, `?` for one, `\` to take the next one literally. Case counts.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut chars = text.chars();
    match pattern.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = pattern.as_str();
            std::iter::once(text)
                .chain(text.char_indices().map(|(at, c)| &text[at + c.len_utf8()..]))
                .any(|tail| matches(rest, tail))
        }
        Some('?') => chars.next().is_some() && matches(pattern.as_str(), chars.as_str()),
        Some(literal) => {
            let literal = if literal == '\\' { pattern.next().unwrap_or('\\') } else { literal };
            chars.next() == Some(literal) && matches(pattern.as_str(), chars.as_str())
        }
    }
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
