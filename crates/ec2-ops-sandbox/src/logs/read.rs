//! How events are read: a stream forwards and backwards, and a whole group by a pattern.

use std::ops::Bound;

use super::api::{
    FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, GetLogEventsRequest,
    GetLogEventsResponse, OutputLogEvent,
};
use super::pattern::Pattern;
use super::{EventId, Logs, StoredEvent, Stream, invalid, named};
use crate::AwsError;

/// The largest page.
const PAGE: usize = 10_000;

impl Logs {
    /// `GetLogEvents`. At the end of the stream its forward token is the one that it was asked with.
    ///
    /// # Errors
    /// If group or stream do not exist, or a parameter is not valid.
    pub fn get_log_events(
        &self,
        region: &str,
        request: &GetLogEventsRequest,
    ) -> Result<GetLogEventsResponse, AwsError> {
        let group = named(request.log_group_name.as_ref(), request.log_group_identifier.as_ref())?;
        let limit = limit(request.limit)?;
        let from = match &request.next_token {
            Some(token) => Direction::parse(token)?,
            None if request.start_from_head => Direction::Forward(None),
            None => Direction::Backward(None),
        };
        let within = |id: &EventId| {
            request.start_time.is_none_or(|start| id.timestamp >= start)
                && request.end_time.is_none_or(|end| id.timestamp < end)
        };
        self.in_group(region, group, |group, _| {
            let stream = group.stream(&request.log_stream_name)?;
            let page = stream.page(from, limit, within);
            Ok(GetLogEventsResponse {
                next_forward_token: Direction::Forward(page.last().map(|(id, _)| **id).or(from.place()))
                    .token(),
                next_backward_token: Direction::Backward(page.first().map(|(id, _)| **id).or(from.place()))
                    .token(),
                events: page.into_iter().map(|(id, event)| event.output(*id)).collect(),
            })
        })
    }

    /// `FilterLogEvents`: the events of all streams of a group, in the order of their times.
    ///
    /// # Errors
    /// If the group does not exist, or a parameter is not valid.
    pub fn filter_log_events(
        &self,
        region: &str,
        request: &FilterLogEventsRequest,
    ) -> Result<FilterLogEventsResponse, AwsError> {
        let group = named(request.log_group_name.as_ref(), request.log_group_identifier.as_ref())?;
        if !request.log_stream_names.is_empty() && request.log_stream_name_prefix.is_some() {
            return Err(invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
        }
        let limit = limit(request.limit)?;
        let pattern = Pattern::parse(request.filter_pattern.as_deref().unwrap_or_default())?;
        let after = request.next_token.as_deref().map(EventId::parse).transpose()?;
        let prefix = request.log_stream_name_prefix.as_deref().unwrap_or_default();
        let in_stream = |name: &String| {
            name.starts_with(prefix)
                && (request.log_stream_names.is_empty() || request.log_stream_names.contains(name))
        };
        // Unlike that of GetLogEvents, this end is included.
        let within = |id: &EventId| {
            after.is_none_or(|after| *id > after)
                && request.start_time.is_none_or(|start| id.timestamp >= start)
                && request.end_time.is_none_or(|end| id.timestamp <= end)
        };
        self.in_group(region, group, |group, _| {
            let streams = group.streams.iter().filter(|(name, _)| in_stream(name));
            let events =
                streams.flat_map(|(name, stream)| stream.events.iter().map(move |event| (name, event)));
            let mut found: Vec<_> =
                events.filter(|(_, (id, event))| within(id) && pattern.matches(&event.message)).collect();
            found.sort_by_key(|(_, (id, _))| **id);
            let more = found.len() > limit;
            found.truncate(limit);
            let last = found.last().map(|(_, (id, _))| id.text());
            Ok(FilterLogEventsResponse {
                events: found.into_iter().map(|(name, (id, event))| event.filtered(*id, name)).collect(),
                // Always empty: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
                searched_log_streams: Vec::new(),
                next_token: last.filter(|_| more),
            })
        })
    }
}

fn limit(asked: Option<usize>) -> Result<usize, AwsError> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=PAGE).contains(&limit) {
        Ok(limit)
    } else {
        Err(invalid(format!("limit {limit} is not between 1 and {PAGE}")))
    }
}

/// Where a reader of a stream is, and where it goes from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// Behind this event, or from the head.
    Forward(Option<EventId>),
    /// Before this event, or from the end.
    Backward(Option<EventId>),
}

impl Direction {
    fn place(self) -> Option<EventId> {
        match self {
            Self::Forward(place) | Self::Backward(place) => place,
        }
    }

    /// `f/…/s` and `b/…/s`, as CloudWatch Logs writes them.
    fn token(self) -> String {
        let text = self.place().map(EventId::text).unwrap_or_default();
        match self {
            Self::Forward(_) => format!("f/{text}/s"),
            Self::Backward(_) => format!("b/{text}/s"),
        }
    }

    fn parse(token: &str) -> Result<Self, AwsError> {
        let mut parts = token.split('/');
        let place = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("f" | "b"), Some(""), Some("s"), None) => None,
            (Some("f" | "b"), Some(id), Some("s"), None) => Some(EventId::parse(id)?),
            _ => return Err(bad_token()),
        };
        Ok(if token.starts_with('f') { Self::Forward(place) } else { Self::Backward(place) })
    }
}

fn bad_token() -> AwsError {
    invalid("The specified nextToken is invalid.")
}

impl EventId {
    /// 56 digits, the form of AWS's ids of events.
    fn text(self) -> String {
        format!("{:036}{:020}", self.timestamp.max(0), self.number)
    }

    fn parse(text: &str) -> Result<Self, AwsError> {
        let parts = text.split_at_checked(36).filter(|_| text.len() == 56);
        let (timestamp, number) = parts.ok_or_else(bad_token)?;
        match (timestamp.parse(), number.parse()) {
            (Ok(timestamp), Ok(number)) => Ok(Self { timestamp, number }),
            _ => Err(bad_token()),
        }
    }
}

impl Stream {
    /// At most `limit` events on the way in that direction, in the order of their times.
    fn page(
        &self,
        from: Direction,
        limit: usize,
        within: impl Fn(&EventId) -> bool,
    ) -> Vec<(&EventId, &StoredEvent)> {
        let unbounded = Bound::Unbounded;
        match from {
            Direction::Forward(place) => {
                let range = (place.map_or(unbounded, Bound::Excluded), unbounded);
                self.events.range(range).filter(|(id, _)| within(id)).take(limit).collect()
            }
            Direction::Backward(place) => {
                let range = (unbounded, place.map_or(unbounded, Bound::Excluded));
                let mut page: Vec<_> =
                    self.events.range(range).rev().filter(|(id, _)| within(id)).take(limit).collect();
                page.reverse();
                page
            }
        }
    }
}

impl StoredEvent {
    fn output(&self, id: EventId) -> OutputLogEvent {
        OutputLogEvent {
            timestamp: id.timestamp,
            message: self.message.clone(),
            ingestion_time: self.ingested,
        }
    }

    fn filtered(&self, id: EventId, stream: &str) -> FilteredLogEvent {
        FilteredLogEvent {
            log_stream_name: stream.to_owned(),
            timestamp: id.timestamp,
            message: self.message.clone(),
            ingestion_time: self.ingested,
            event_id: id.text(),
        }
    }
}
