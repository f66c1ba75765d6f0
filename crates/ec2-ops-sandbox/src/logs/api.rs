//! Requests and responses of the modelled actions of CloudWatch Logs, in AWS's own names and shapes.
//!
//! A field that is not here is not modelled, and `deny_unknown_fields` refuses it by name. Their meaning is at
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/>. Times are milliseconds since 1970.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

macro_rules! requests {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
            #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
            pub struct $name { $(pub $field: $type,)* }
        )*
    };
}

macro_rules! responses {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            #[derive(Clone, Debug, Default, PartialEq, Serialize)]
            #[serde(rename_all = "camelCase")]
            pub struct $name { $(pub $field: $type,)* }
        )*
    };
}

requests! {
    CreateLogGroupRequest { log_group_name: String, }
    CreateLogStreamRequest { log_group_name: String, log_stream_name: String, }
    InputLogEvent { timestamp: i64, message: String, }
    PutLogEventsRequest {
        log_group_name: String,
        log_stream_name: String,
        log_events: Vec<InputLogEvent>,
        // CloudWatch Logs accepts any token, and needs none.
        sequence_token: Option<String>,
    }
    DescribeLogGroupsRequest {
        log_group_name_prefix: Option<String>,
        log_group_name_pattern: Option<String>,
        limit: Option<usize>,
        next_token: Option<String>,
    }
    DescribeLogStreamsRequest {
        log_group_name: Option<String>,
        log_group_identifier: Option<String>,
        log_stream_name_prefix: Option<String>,
        order_by: Option<String>,
        descending: bool,
        limit: Option<usize>,
        next_token: Option<String>,
    }
    GetLogEventsRequest {
        log_group_name: Option<String>,
        log_group_identifier: Option<String>,
        log_stream_name: String,
        start_time: Option<i64>,
        end_time: Option<i64>,
        start_from_head: bool,
        limit: Option<usize>,
        next_token: Option<String>,
    }
    FilterLogEventsRequest {
        log_group_name: Option<String>,
        log_group_identifier: Option<String>,
        log_stream_names: Vec<String>,
        log_stream_name_prefix: Option<String>,
        start_time: Option<i64>,
        end_time: Option<i64>,
        filter_pattern: Option<String>,
        // Events of all streams are in one order whatever it says, as on AWS.
        interleaved: Option<bool>,
        limit: Option<usize>,
        next_token: Option<String>,
    }
}

responses! {
    EmptyResponse {}
    PutLogEventsResponse { next_sequence_token: String, }
    LogGroup {
        log_group_name: String,
        creation_time: i64,
        metric_filter_count: u32,
        arn: String,
        log_group_arn: String,
        stored_bytes: usize,
        log_group_class: &'static str,
    }
    DescribeLogGroupsResponse { log_groups: Vec<LogGroup>, next_token: Option<String>, }
    LogStream {
        log_stream_name: String,
        creation_time: i64,
        first_event_timestamp: Option<i64>,
        last_event_timestamp: Option<i64>,
        last_ingestion_time: Option<i64>,
        arn: String,
        stored_bytes: usize,
    }
    DescribeLogStreamsResponse { log_streams: Vec<LogStream>, next_token: Option<String>, }
    OutputLogEvent { timestamp: i64, message: String, ingestion_time: i64, }
    GetLogEventsResponse {
        events: Vec<OutputLogEvent>,
        next_forward_token: String,
        next_backward_token: String,
    }
    FilteredLogEvent {
        log_stream_name: String,
        timestamp: i64,
        message: String,
        ingestion_time: i64,
        event_id: String,
    }
    FilterLogEventsResponse {
        events: Vec<FilteredLogEvent>,
        searched_log_streams: Vec<String>,
        next_token: Option<String>,
    }
}
