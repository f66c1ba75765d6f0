//! Log streams, and how events get into them.

use jiff::Timestamp;

use super::api::{
    CreateLogStreamRequest, DescribeLogStreamsRequest, DescribeLogStreamsResponse, EmptyResponse, LogStream,
    PutLogEventsRequest, PutLogEventsResponse,
};
use super::{EventId, Logs, StoredEvent, Stream, exists, invalid, named, page};
use crate::AwsError;

/// The largest page of `DescribeLogStreams`.
const PAGE: usize = 50;
/// The most that one call may bring: events, and bytes, of which each event costs 26 more than its message. See
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>.
const BATCH_EVENTS: usize = 10_000;
const BATCH_BYTES: usize = 1_048_576;
const EVENT_OVERHEAD: usize = 26;

impl Logs {
    /// `CreateLogStream`.
    ///
    /// # Errors
    /// If the group does not exist, the stream does, or its name is not valid.
    pub fn create_log_stream(
        &self,
        region: &str,
        request: &CreateLogStreamRequest,
    ) -> Result<EmptyResponse, AwsError> {
        let name = &request.log_stream_name;
        if !(1..=512).contains(&name.len()) || name.contains([':', '*']) {
            return Err(invalid(format!("{name:?} at 'logStreamName' is not the name of a log stream")));
        }
        let created = self.shared.platform.clock.now();
        self.in_group(region, &request.log_group_name, |group, _| {
            if group.streams.contains_key(name) {
                return Err(exists("log stream"));
            }
            group.streams.insert(name.clone(), Stream { created, ..Stream::default() });
            Ok(EmptyResponse {})
        })
    }

    /// `PutLogEvents`.
    ///
    /// # Errors
    /// If group or stream do not exist, or the batch is empty, too large, or not in the order of its times.
    pub fn put_log_events(
        &self,
        region: &str,
        request: PutLogEventsRequest,
    ) -> Result<PutLogEventsResponse, AwsError> {
        let events = request.log_events;
        let bytes: usize = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
        if !(1..=BATCH_EVENTS).contains(&events.len()) || bytes > BATCH_BYTES {
            return Err(invalid(
                "Log events in a single PutLogEvents request: from 1 to 10000, at most 1048576 bytes",
            ));
        }
        if !events.is_sorted_by_key(|event| event.timestamp) {
            return Err(invalid(
                "Log events in a single PutLogEvents request must be in chronological order.",
            ));
        }
        if events.iter().any(|event| event.message.is_empty()) {
            return Err(invalid("Log event message must not be empty"));
        }
        let now = self.shared.platform.clock.now();
        let put = self.in_group(region, &request.log_group_name, |group, stored| {
            let stream = group.stream(&request.log_stream_name)?;
            stream.last_ingestion = Some(now);
            for event in events {
                *stored += 1;
                let id = EventId { timestamp: event.timestamp, number: *stored };
                stream
                    .events
                    .insert(id, StoredEvent { message: event.message, ingested: now.as_millisecond() });
            }
            Ok(PutLogEventsResponse { next_sequence_token: format!("{stored:056}") })
        });
        self.shared.platform.journal.stir();
        put
    }

    /// `DescribeLogStreams`.
    ///
    /// # Errors
    /// If the group does not exist, or a parameter is not valid.
    pub fn describe_log_streams(
        &self,
        region: &str,
        request: &DescribeLogStreamsRequest,
    ) -> Result<DescribeLogStreamsResponse, AwsError> {
        let name = named(request.log_group_name.as_ref(), request.log_group_identifier.as_ref())?;
        let by_time = match request.order_by.as_deref() {
            None | Some("LogStreamName") => false,
            Some("LastEventTime") if request.log_stream_name_prefix.is_some() => {
                return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
            }
            Some("LastEventTime") => true,
            Some(other) => return Err(invalid(format!("{other:?} is not a value of orderBy"))),
        };
        let arn = self.arn(region, name);
        let mut items = self.in_group(region, name, |group, _| {
            let prefix = request.log_stream_name_prefix.as_deref().unwrap_or_default();
            let wanted = group.streams.iter().filter(|(name, _)| name.starts_with(prefix));
            Ok(wanted.map(|(name, stream)| stream.described(name, &arn)).collect::<Vec<_>>())
        })?;
        if by_time {
            items.sort_by_key(|stream| stream.last_event_timestamp);
        }
        if request.descending {
            items.reverse();
        }
        let (log_streams, next_token) = page(items, request.limit, PAGE, request.next_token.as_deref())?;
        Ok(DescribeLogStreamsResponse { log_streams, next_token })
    }
}

impl Stream {
    /// The bytes of its messages.
    pub(super) fn stored_bytes(&self) -> usize {
        self.events.values().map(|event| event.message.len()).sum()
    }

    fn described(&self, name: &str, group_arn: &str) -> LogStream {
        LogStream {
            log_stream_name: name.to_owned(),
            creation_time: self.created.as_millisecond(),
            first_event_timestamp: self.events.keys().next().map(|id| id.timestamp),
            last_event_timestamp: self.events.keys().next_back().map(|id| id.timestamp),
            last_ingestion_time: self.last_ingestion.map(Timestamp::as_millisecond),
            arn: format!("{group_arn}:log-stream:{name}"),
            // CloudWatch Logs stopped to report it by stream in 2019.
            stored_bytes: 0,
        }
    }
}
