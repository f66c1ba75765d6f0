//! CloudWatch Logs: groups and streams, written by agents and functions, read by people while they are written.

pub mod api;
mod groups;
mod pattern;
mod read;
mod service;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::lock::lock;
use crate::{AwsError, Platform};
pub(crate) use service::SERVICE;

/// CloudWatch Logs of one account, in all regions. Clones share it.
#[derive(Clone)]
pub struct Logs {
    shared: Arc<Shared>,
}

struct Shared {
    platform: Arc<Platform>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By region and name.
    groups: BTreeMap<(String, String), Group>,
    /// How many events were ever stored.
    stored: u64,
}

struct Group {
    created: Timestamp,
    streams: BTreeMap<String, Stream>,
}

#[derive(Default)]
struct Stream {
    created: Timestamp,
    last_ingestion: Option<Timestamp>,
    /// In the order of their times, and of their arrival where these are the same.
    events: BTreeMap<EventId, StoredEvent>,
}

/// The place of an event among all: its time in milliseconds, and the order of its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct EventId {
    timestamp: i64,
    number: u64,
}

struct StoredEvent {
    message: String,
    ingested: i64,
}

impl Logs {
    /// A CloudWatch Logs without groups.
    pub fn new(platform: Arc<Platform>) -> Self {
        Self { shared: Arc::new(Shared { platform, state: Mutex::default() }) }
    }

    /// Works with the group of that name.
    fn in_group<T>(
        &self,
        region: &str,
        name: &str,
        work: impl FnOnce(&mut Group, &mut u64) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut state = lock(&self.shared.state);
        let State { groups, stored } = &mut *state;
        let group = groups.get_mut(&(region.to_owned(), name.to_owned()));
        work(group.ok_or_else(|| not_found("log group"))?, stored)
    }

    fn arn(&self, region: &str, group: &str) -> String {
        format!("arn:aws:logs:{region}:{}:log-group:{group}", self.shared.platform.account_id)
    }
}

impl Group {
    fn stream(&mut self, name: &str) -> Result<&mut Stream, AwsError> {
        self.streams.get_mut(name).ok_or_else(|| not_found("log stream"))
    }
}

fn not_found(what: &str) -> AwsError {
    AwsError::client("ResourceNotFoundException", format!("The specified {what} does not exist."))
}

fn exists(what: &str) -> AwsError {
    AwsError::client("ResourceAlreadyExistsException", format!("The specified {what} already exists"))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidParameterException", message)
}

/// The group that a request names: by its name, or by its name or ARN as `logGroupIdentifier`.
fn named<'a>(name: Option<&'a String>, identifier: Option<&'a String>) -> Result<&'a str, AwsError> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => {
            let after = identifier.split_once(":log-group:").map_or(identifier.as_str(), |(_, name)| name);
            Ok(after.trim_end_matches(":*"))
        }
        (Some(_), Some(_)) => {
            Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters."))
        }
        (None, None) => Err(invalid("Either LogGroup name or LogGroup ARN is required.")),
    }
}

/// One page of at most `limit` items, `most` where the call does not say; the token is the index of the next.
fn page<T>(
    items: Vec<T>,
    limit: Option<usize>,
    most: usize,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let size = limit.unwrap_or(most);
    if !(1..=most).contains(&size) {
        return Err(invalid(format!("limit {size} is not between 1 and {most}")));
    }
    let start: usize = match token {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("The specified nextToken is invalid."))?,
    };
    let more = items.len() > start.saturating_add(size);
    let page = items.into_iter().skip(start).take(size).collect();
    Ok((page, more.then(|| (start + size).to_string())))
}
