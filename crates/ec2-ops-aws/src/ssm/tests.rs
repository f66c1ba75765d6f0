use std::time::Duration;

use ec2_ops::AwsErrorKind;
use ec2_ops::ports::{Logs, S3Prefix};
use serde_json::{Value, json};

use super::*;
use crate::replay::{Answer, Replay, http};

fn region() -> Region {
    Region::new("us-west-2")
}

fn instance() -> InstanceId {
    InstanceId::new("i-1")
}

fn command() -> Command {
    Command {
        instance: instance(),
        comment: "fingerprint".to_owned(),
        script: "set -e\necho 'a'".to_owned(),
        execution_timeout: Duration::from_hours(2),
        delivery_timeout: Duration::from_mins(5),
        logs: Logs {
            s3: Some(S3Prefix { bucket: "logs".to_owned(), prefix: "run/attempt-1".to_owned() }),
            log_group: Some("/ec2-ops/commands".to_owned()),
        },
    }
}

fn json_answer(value: &Value) -> Answer {
    http(200, value.to_string())
}

fn refusal(code: &str) -> Answer {
    http(400, json!({"__type": code, "message": "no"}).to_string())
}

fn body(replay: &Replay, request: usize) -> Value {
    serde_json::from_str(&replay.asked()[request].body).unwrap()
}

#[tokio::test]
async fn every_field_of_a_command_arrives() {
    let replay =
        Replay::new([json_answer(&json!({"Command": {"CommandId": "c-1", "RequestedDateTime": 1.5}}))]);
    let ssm = Ssm::new(&replay.config());
    let sent =
        SentCommand { id: CommandId::new("c-1"), requested_at: Timestamp::from_millisecond(1_500).ok() };
    assert_eq!(ssm.send(&region(), &command()).await, Ok(sent));
    assert_eq!(
        body(&replay, 0),
        json!({
            "DocumentName": "AWS-RunShellScript",
            "InstanceIds": ["i-1"],
            "Comment": "fingerprint",
            "Parameters": {"commands": ["set -e\necho 'a'"], "executionTimeout": ["7200"]},
            "TimeoutSeconds": 300,
            "OutputS3BucketName": "logs",
            "OutputS3KeyPrefix": "run/attempt-1",
            "CloudWatchOutputConfig": {
                "CloudWatchLogGroupName": "/ec2-ops/commands",
                "CloudWatchOutputEnabled": true,
            },
        })
    );
    assert!(replay.asked()[0].uri.starts_with("https://ssm.us-west-2.amazonaws.com"));
}

#[tokio::test]
async fn a_command_is_sent_once_even_if_the_answer_is_lost() {
    for (answer, kind) in [
        (Answer::Lost, AwsErrorKind::Unavailable),
        (http(500, "{}"), AwsErrorKind::Unavailable),
        (refusal("ThrottlingException"), AwsErrorKind::Throttled),
    ] {
        let replay = Replay::new([answer]);
        let ssm = Ssm::new(&replay.config());
        assert_eq!(ssm.send(&region(), &command()).await.unwrap_err().kind, kind);
        assert_eq!(replay.asked().len(), 1);
    }
}

#[tokio::test]
async fn the_commands_with_the_comment_are_found_on_any_page_oldest_first() {
    let listed = |id: &str, comment: &str, at: u32| json!({"CommandId": id, "Comment": comment, "RequestedDateTime": at});
    let replay = Replay::new([
        json_answer(
            &json!({"Commands": [listed("late", "mine", 30), listed("other", "x", 1)], "NextToken": "2"}),
        ),
        json_answer(&json!({"Commands": [listed("early", "mine", 20)]})),
    ]);
    let ssm = Ssm::new(&replay.config());
    let found = ssm.find(&region(), &instance(), "mine").await;
    let sent =
        |id: &str, at| SentCommand { id: CommandId::new(id), requested_at: Timestamp::from_second(at).ok() };
    assert_eq!(found, Ok(vec![sent("early", 20), sent("late", 30)]));
    assert_eq!(body(&replay, 0)["InstanceId"], "i-1");
    assert_eq!(body(&replay, 1)["NextToken"], "2");
}

#[tokio::test]
async fn a_failed_listing_is_not_read_as_absent() {
    let page = json!({"Commands": [], "NextToken": "2"});
    let replay = Replay::new([json_answer(&page), refusal("ThrottlingException")]);
    let ssm = Ssm::new(&replay.config());
    let error = ssm.find(&region(), &instance(), "mine").await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Throttled);
}

#[tokio::test]
async fn an_invocation_that_ssm_does_not_know_is_none() {
    for code in ["InvocationDoesNotExist", "InvalidInstanceId"] {
        let replay = Replay::new([refusal(code)]);
        let ssm = Ssm::new(&replay.config());
        let invocation = ssm.invocation(&region(), &instance(), &CommandId::new("c-1")).await;
        assert_eq!(invocation, Ok(None), "{code}");
    }
}

#[tokio::test]
async fn an_agent_is_online_only_if_ssm_says_so() {
    let agent =
        |status: &str| json!({"InstanceInformationList": [{"InstanceId": "i-1", "PingStatus": status}]});
    for (answer, online) in [
        (json_answer(&agent("Online")), true),
        (json_answer(&agent("ConnectionLost")), false),
        (json_answer(&json!({"InstanceInformationList": []})), false),
        (refusal("InvalidInstanceId"), false),
    ] {
        let replay = Replay::new([answer]);
        let ssm = Ssm::new(&replay.config());
        assert_eq!(ssm.online(&region(), &instance()).await, Ok(online));
    }
}

#[test]
fn the_status_of_a_command_is_read_from_the_details() {
    let answer = GetCommandInvocationOutput::builder()
        .status_details("Failed")
        .response_code(3)
        .standard_output_content("3 files")
        .standard_error_content("no such file")
        .execution_end_date_time("2026-01-01T00:00:01.500Z")
        .build();
    let ended = Invocation {
        status: InvocationStatus::Failed,
        exit_code: Some(3),
        stdout: "3 files".to_owned(),
        stderr: "no such file".to_owned(),
        started_at: None,
        ended_at: Some("2026-01-01T00:00:01.5Z".parse().unwrap()),
    };
    assert_eq!(invocation(answer), ended);
}

#[test]
fn a_command_that_still_runs_has_no_exit_code() {
    let answer = GetCommandInvocationOutput::builder()
        .status_details("InProgress")
        .response_code(-1)
        .execution_end_date_time("")
        .build();
    let running = invocation(answer);
    assert_eq!((running.exit_code, running.ended_at), (None, None));
}

#[test]
fn an_unknown_status_counts_as_in_progress() {
    let answer = GetCommandInvocationOutput::builder().status_details("Pondering").build();
    assert_eq!(invocation(answer).status, InvocationStatus::InProgress);
}

#[test]
fn a_time_that_cannot_be_read_does_not_hide_the_end_of_a_command() {
    let answer = GetCommandInvocationOutput::builder()
        .status_details("Success")
        .execution_start_date_time("yesterday")
        .execution_end_date_time("2026-01-01T00:00:01")
        .build();
    let ended = invocation(answer);
    assert_eq!((ended.status, ended.started_at, ended.ended_at), (InvocationStatus::Success, None, None));
}
