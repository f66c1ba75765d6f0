//! `ListObjectsV2` over a bucket's ordered keys.

use std::ops::Bound;
use std::sync::Arc;

use super::object::Object;
use super::store::{BucketState, S3};
use crate::error::AwsError;

/// The most entries of one page.
const PAGE: usize = 1000;

/// Which keys to list.
#[derive(Clone, Copy, Debug)]
pub struct ListObjectsV2<'a> {
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// Keys with the same text between the prefix and the first delimiter are rolled up into one common prefix.
    pub delimiter: Option<&'a str>,
    /// Only what comes after this key, or after this common prefix.
    pub start_after: Option<&'a str>,
    /// The most entries of this page; more than 1,000 count as 1,000.
    pub max_keys: usize,
}

impl Default for ListObjectsV2<'_> {
    fn default() -> Self {
        Self { prefix: "", delimiter: None, start_after: None, max_keys: PAGE }
    }
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Keys and their objects, in the order of the keys' UTF-8 bytes.
    pub contents: Vec<(String, Arc<Object>)>,
    /// The rolled-up prefixes, in the same order.
    pub common_prefixes: Vec<String>,
    /// The `start_after` of the next page, if there is one.
    pub next: Option<String>,
}

impl S3 {
    /// Lists one page of a bucket's keys, or `NoSuchBucket`.
    /// See <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
    pub fn list_objects_v2(&self, bucket: &str, query: ListObjectsV2<'_>) -> Result<Listing, AwsError> {
        self.in_bucket(bucket, |bucket| Ok(page(bucket, query)))
    }
}

fn page(bucket: &BucketState, query: ListObjectsV2<'_>) -> Listing {
    let mut listing = Listing::default();
    let mut last: Option<&str> = None;
    let (room, after) = (query.max_keys.min(PAGE), query.start_after.unwrap_or(""));
    let begin = if after < query.prefix { Bound::Included(query.prefix) } else { Bound::Excluded(after) };
    let keys = bucket
        .objects
        .range::<str, _>((begin, Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(query.prefix));
    for (key, object) in keys {
        let rolled_up = common_prefix(key, query);
        let name = rolled_up.unwrap_or(key);
        if rolled_up.is_some() && (last == rolled_up || name == after) {
            continue;
        }
        if listing.contents.len() + listing.common_prefixes.len() == room {
            listing.next = last.map(str::to_owned);
            break;
        }
        match rolled_up {
            Some(prefix) => listing.common_prefixes.push(prefix.to_owned()),
            None => listing.contents.push((key.clone(), Arc::clone(object))),
        }
        last = Some(name);
    }
    listing
}

fn common_prefix<'k>(key: &'k str, query: ListObjectsV2<'_>) -> Option<&'k str> {
    let delimiter = query.delimiter?;
    let at = key[query.prefix.len()..].find(delimiter)?;
    Some(&key[..query.prefix.len() + at + delimiter.len()])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::s3::testing::account;

    fn bucket_of<'a>(keys: impl IntoIterator<Item = &'a str>) -> S3 {
        let s3 = account();
        s3.create_bucket("results", "us-east-1").unwrap();
        for key in keys {
            s3.put_object("results", key, "").unwrap();
        }
        s3
    }

    fn keys(listing: &Listing) -> Vec<&str> {
        listing.contents.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_prefix_selects_and_a_delimiter_rolls_up() {
        let s3 = bucket_of(["a/1", "a/b/2", "a/b/3", "a/c", "b"]);
        let query = ListObjectsV2 { prefix: "a/", delimiter: Some("/"), ..ListObjectsV2::default() };
        let listing = s3.list_objects_v2("results", query).unwrap();
        assert_eq!(keys(&listing), ["a/1", "a/c"]);
        assert_eq!(listing.common_prefixes, ["a/b/"]);
        assert_eq!(listing.next, None);
    }

    #[tokio::test(start_paused = true)]
    async fn start_after_leaves_out_that_key_itself() {
        let s3 = bucket_of(["a", "b", "c"]);
        let query = ListObjectsV2 { start_after: Some("a"), ..ListObjectsV2::default() };
        assert_eq!(keys(&s3.list_objects_v2("results", query).unwrap()), ["b", "c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_room_is_an_empty_page_and_the_last() {
        let s3 = bucket_of(["a"]);
        let query = ListObjectsV2 { max_keys: 0, ..ListObjectsV2::default() };
        let listing = s3.list_objects_v2("results", query).unwrap();
        assert!(keys(&listing).is_empty() && listing.next.is_none());
    }

    proptest! {
        /// Pages of any size, put together, hold what one page holds: nothing twice, nothing lost.
        #[test]
        fn pages_add_up_to_the_whole(
            names in proptest::collection::btree_set("[ab/]{1,5}", 0..30),
            prefix in "[ab/]{0,2}",
            delimiter in proptest::option::of("/"),
            max_keys in 1..5_usize,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let s3 = runtime.block_on(async { bucket_of(names.iter().map(String::as_str)) });
            let query = ListObjectsV2 { prefix: &prefix, delimiter: delimiter.as_deref(), ..ListObjectsV2::default() };
            let whole = s3.list_objects_v2("results", query).unwrap();
            let selected: BTreeSet<_> = names.iter().filter(|name| name.starts_with(&prefix)).collect();
            for name in &selected {
                let rolled_up = whole.common_prefixes.iter().any(|p| name.starts_with(p.as_str()));
                prop_assert!(rolled_up || keys(&whole).contains(&name.as_str()));
            }

            let (mut contents, mut prefixes, mut after) = (Vec::new(), Vec::new(), None::<String>);
            loop {
                let query = ListObjectsV2 { start_after: after.as_deref(), max_keys, ..query };
                let page = s3.list_objects_v2("results", query).unwrap();
                contents.extend(page.contents.into_iter().map(|(key, _)| key));
                prefixes.extend(page.common_prefixes);
                after = page.next;
                if after.is_none() { break; }
            }
            prop_assert_eq!(contents, keys(&whole));
            prop_assert_eq!(prefixes, whole.common_prefixes);
        }
    }
}
