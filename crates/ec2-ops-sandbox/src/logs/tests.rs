//! What CloudWatch Logs promises, through its API.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Logs;
use crate::service::testing::perform;
use crate::{Clock, Platform};

const REGION: &str = "us-east-1";
const GROUP: &str = "/ec2-ops/commands";

fn logs() -> Logs {
    let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    let logs = Logs::new(Arc::new(Platform::new(clock, 1)));
    ask(&logs, "CreateLogGroup", &json!({ "logGroupName": GROUP }));
    for stream in ["a", "b"] {
        ask(&logs, "CreateLogStream", &json!({ "logGroupName": GROUP, "logStreamName": stream }));
    }
    logs
}

fn try_to(logs: &Logs, action: &str, input: &Value) -> Result<Value, String> {
    perform(logs, REGION, action, input).map_err(|error| error.code)
}

fn ask(logs: &Logs, action: &str, input: &Value) -> Value {
    try_to(logs, action, input).unwrap_or_else(|code| panic!("{action} {input}: {code}"))
}

fn put(logs: &Logs, stream: &str, events: &[(i64, &str)]) {
    let events: Vec<_> = events
        .iter()
        .map(|(timestamp, message)| json!({ "timestamp": timestamp, "message": message }))
        .collect();
    ask(
        logs,
        "PutLogEvents",
        &json!({ "logGroupName": GROUP, "logStreamName": stream, "logEvents": events }),
    );
}

fn get(logs: &Logs, more: &Value) -> Value {
    let mut input = json!({ "logGroupName": GROUP, "logStreamName": "a" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(logs, "GetLogEvents", &input)
}

fn filter(logs: &Logs, more: &Value) -> Value {
    let mut input = json!({ "logGroupName": GROUP });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(logs, "FilterLogEvents", &input)
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_read_forward_until_its_token_comes_back() {
    let logs = logs();
    put(&logs, "a", &[(1, "one"), (2, "two"), (2, "three")]);
    let first = get(&logs, &json!({ "startFromHead": true, "limit": 2 }));
    assert_eq!(messages(&first), ["one", "two"]);
    let next = get(&logs, &json!({ "nextToken": first["nextForwardToken"], "limit": 2 }));
    assert_eq!(messages(&next), ["three"]);
    let end = get(&logs, &json!({ "nextToken": next["nextForwardToken"] }));
    assert_eq!(messages(&end), [""; 0]);
    assert_eq!(end["nextForwardToken"], next["nextForwardToken"]);
    put(&logs, "a", &[(2, "four")]);
    assert_eq!(messages(&get(&logs, &json!({ "nextToken": end["nextForwardToken"] }))), ["four"]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_stream_has_a_token_from_which_its_first_event_is_found() {
    let logs = logs();
    let empty = get(&logs, &json!({ "startFromHead": true }));
    assert_eq!(
        get(&logs, &json!({ "nextToken": empty["nextForwardToken"] }))["nextForwardToken"],
        empty["nextForwardToken"]
    );
    put(&logs, "a", &[(1, "one")]);
    assert_eq!(messages(&get(&logs, &json!({ "nextToken": empty["nextForwardToken"] }))), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_direction_the_last_events_come_and_the_way_goes_back() {
    let logs = logs();
    put(&logs, "a", &[(1, "one"), (2, "two"), (3, "three")]);
    let last = get(&logs, &json!({ "limit": 2 }));
    assert_eq!(messages(&last), ["two", "three"]);
    assert_eq!(messages(&get(&logs, &json!({ "nextToken": last["nextBackwardToken"] }))), ["one"]);
    // The end is not included.
    assert_eq!(messages(&get(&logs, &json!({ "startTime": 2, "endTime": 3 }))), ["two"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_filtered_over_its_streams_in_one_order_page_by_page() {
    let logs = logs();
    put(&logs, "a", &[(1, "one"), (3, "three ERROR")]);
    put(&logs, "b", &[(2, "two ERROR"), (4, "four")]);
    assert_eq!(messages(&filter(&logs, &json!({}))), ["one", "two ERROR", "three ERROR", "four"]);
    assert_eq!(messages(&filter(&logs, &json!({ "filterPattern": "ERROR" }))), ["two ERROR", "three ERROR"]);
    assert_eq!(
        messages(&filter(&logs, &json!({ "startTime": 2, "endTime": 3 }))),
        ["two ERROR", "three ERROR"]
    );
    assert_eq!(messages(&filter(&logs, &json!({ "logStreamNames": ["b"] }))), ["two ERROR", "four"]);
    assert_eq!(messages(&filter(&logs, &json!({ "logStreamNamePrefix": "a" }))), ["one", "three ERROR"]);
    let page = filter(&logs, &json!({ "limit": 3 }));
    assert_eq!(messages(&filter(&logs, &json!({ "nextToken": page["nextToken"] }))), ["four"]);
    let ids: Vec<_> =
        page["events"].as_array().unwrap().iter().map(|event| event["eventId"].to_string()).collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 58), "{ids:?}");
}

#[tokio::test(start_paused = true)]
async fn groups_and_streams_are_described() {
    let logs = logs();
    put(&logs, "b", &[(5, "five")]);
    let groups = ask(&logs, "DescribeLogGroups", &json!({ "logGroupNamePrefix": "/ec2-ops/" }));
    let group = &groups["logGroups"][0];
    assert_eq!(group["arn"], "arn:aws:logs:us-east-1:000000000000:log-group:/ec2-ops/commands:*");
    assert_eq!(group["storedBytes"], 4);
    assert_eq!(
        ask(&logs, "DescribeLogGroups", &json!({ "logGroupNamePattern": "x" }))["logGroups"],
        json!([])
    );
    // An identifier is an ARN without the asterisk.
    let arn = group["arn"].as_str().unwrap().trim_end_matches(":*");
    let by_arn = json!({ "logGroupIdentifier": arn, "orderBy": "LastEventTime", "descending": true });
    let streams = ask(&logs, "DescribeLogStreams", &by_arn);
    assert_eq!(streams["logStreams"][0]["logStreamName"], "b");
    assert_eq!(streams["logStreams"][0]["lastEventTimestamp"], 5);
    assert_eq!(streams["logStreams"][1].get("lastEventTimestamp"), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_not_valid_is_refused() {
    let logs = logs();
    let cases = [
        ("CreateLogGroup", json!({ "logGroupName": GROUP }), "ResourceAlreadyExistsException"),
        ("CreateLogGroup", json!({ "logGroupName": "a b" }), "InvalidParameterException"),
        (
            "CreateLogStream",
            json!({ "logGroupName": GROUP, "logStreamName": "a" }),
            "ResourceAlreadyExistsException",
        ),
        (
            "CreateLogStream",
            json!({ "logGroupName": "no", "logStreamName": "a" }),
            "ResourceNotFoundException",
        ),
        (
            "CreateLogStream",
            json!({ "logGroupName": GROUP, "logStreamName": "a:b" }),
            "InvalidParameterException",
        ),
        ("GetLogEvents", json!({ "logGroupName": GROUP, "logStreamName": "c" }), "ResourceNotFoundException"),
        ("GetLogEvents", json!({ "logStreamName": "a" }), "InvalidParameterException"),
        (
            "GetLogEvents",
            json!({ "logGroupName": GROUP, "logStreamName": "a", "nextToken": "f/1/s" }),
            "InvalidParameterException",
        ),
        ("FilterLogEvents", json!({ "logGroupName": GROUP, "limit": 10_001 }), "InvalidParameterException"),
        (
            "FilterLogEvents",
            json!({ "logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "a" }),
            "InvalidParameterException",
        ),
        ("FilterLogEvents", json!({ "logGroupName": GROUP, "unmask": true }), "NotImplemented"),
        (
            "DescribeLogStreams",
            json!({ "logGroupName": GROUP, "orderBy": "Size" }),
            "InvalidParameterException",
        ),
        (
            "PutLogEvents",
            json!({ "logGroupName": GROUP, "logStreamName": "a", "logEvents": [] }),
            "InvalidParameterException",
        ),
        (
            "PutLogEvents",
            json!({
                "logGroupName": GROUP,
                "logStreamName": "a",
                "logEvents": [{ "timestamp": 2, "message": "x" }, { "timestamp": 1, "message": "y" }],
            }),
            "InvalidParameterException",
        ),
        ("DeleteLogGroup", json!({ "logGroupName": GROUP }), "NotImplemented"),
    ];
    for (action, input, code) in cases {
        assert_eq!(try_to(&logs, action, &input), Err(code.to_owned()), "{action} {input}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_has_its_own_groups() {
    let logs = logs();
    let elsewhere = perform(&logs, "eu-west-1", "DescribeLogGroups", &json!({})).unwrap();
    assert_eq!(elsewhere["logGroups"], json!([]));
}
