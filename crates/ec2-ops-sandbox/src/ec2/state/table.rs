//! Rows by id, with an index of their tags.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::ec2::api::Tag;

/// A row of a table.
pub(in crate::ec2) trait Row: Clone {
    /// The row's tags.
    fn tags(&self) -> &[Tag];
    /// The row's tags, to be changed by [`Table::tag`] only, which keeps the index.
    fn tags_mut(&mut self) -> &mut Vec<Tag>;
}

/// Rows in the order of their ids. A row is shared with its snapshots, and copied only if it changes while there is
/// one.
pub(in crate::ec2) struct Table<R> {
    rows: BTreeMap<String, Arc<R>>,
    by_tag: HashMap<String, HashMap<String, BTreeSet<String>>>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), by_tag: HashMap::new() }
    }
}

impl<R: Row> Table<R> {
    pub(in crate::ec2) fn insert(&mut self, id: &str, row: R) {
        for tag in row.tags() {
            Self::index(&mut self.by_tag, id, tag);
        }
        self.rows.insert(id.to_owned(), Arc::new(row));
    }

    pub(in crate::ec2) fn get(&self, id: &str) -> Option<&Arc<R>> {
        self.rows.get(id)
    }

    /// The row with the id as the table keeps it.
    pub(in crate::ec2) fn entry(&self, id: &str) -> Option<(&str, &Arc<R>)> {
        self.rows.get_key_value(id).map(|(id, row)| (id.as_str(), row))
    }

    /// The row, to be changed in anything but its tags.
    pub(in crate::ec2) fn edit(&mut self, id: &str) -> Option<&mut R> {
        self.rows.get_mut(id).map(Arc::make_mut)
    }

    pub(in crate::ec2) fn remove(&mut self, id: &str) -> Option<Arc<R>> {
        let row = self.rows.remove(id)?;
        for tag in row.tags() {
            Self::unindex(&mut self.by_tag, id, tag);
        }
        Some(row)
    }

    /// Adds `tag` to the row, or overwrites the value that its key has there.
    pub(in crate::ec2) fn tag(&mut self, id: &str, tag: &Tag) {
        let Some(row) = self.rows.get_mut(id).map(Arc::make_mut) else {
            return;
        };
        let tags = row.tags_mut();
        if let Some(old) = tags.iter_mut().find(|old| old.key == tag.key) {
            Self::unindex(&mut self.by_tag, id, old);
            old.value.clone_from(&tag.value);
        } else {
            tags.push(tag.clone());
        }
        Self::index(&mut self.by_tag, id, tag);
    }

    /// The rows that carry the tag `key=value`, in the order of their ids.
    pub(in crate::ec2) fn tagged(&self, key: &str, value: &str) -> impl Iterator<Item = (&str, &Arc<R>)> {
        self.by_tag
            .get(key)
            .and_then(|values| values.get(value))
            .into_iter()
            .flatten()
            .filter_map(|id| self.entry(id))
    }

    /// How many rows carry the tag `key=value`.
    pub(in crate::ec2) fn count_tagged(&self, key: &str, value: &str) -> usize {
        self.by_tag.get(key).and_then(|values| values.get(value)).map_or(0, BTreeSet::len)
    }

    /// All rows, in the order of their ids.
    pub(in crate::ec2) fn iter(&self) -> impl Iterator<Item = (&str, &Arc<R>)> {
        self.rows.iter().map(|(id, row)| (id.as_str(), row))
    }

    fn index(
        by_tag: &mut HashMap<String, HashMap<String, BTreeSet<String>>>,
        id: &str,
        Tag { key, value }: &Tag,
    ) {
        by_tag.entry(key.clone()).or_default().entry(value.clone()).or_default().insert(id.to_owned());
    }

    fn unindex(by_tag: &mut HashMap<String, HashMap<String, BTreeSet<String>>>, id: &str, tag: &Tag) {
        let Some(values) = by_tag.get_mut(&tag.key) else {
            return;
        };
        if let Some(ids) = values.get_mut(&tag.value) {
            ids.remove(id);
            if ids.is_empty() {
                values.remove(&tag.value);
            }
        }
    }
}
