use jiff::SignedDuration;

use super::*;
use crate::fakes::{FakeAws, deployment, instance, time};
use crate::ids::Region;
use crate::ports::{InstanceState, Kind};
use crate::tags::Tags;
use serde_json::json;

fn document() -> Value {
    json!({
        "commands": ["true"],
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
    })
}

/// The task's payload, this many seconds after the attempt was over.
fn payload(state: &Value, waited_s: i64) -> Value {
    let mut whole = json!({
        "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
        "attempts": [],
        "over": { "at": time("2026-03-01T06:00:00Z") - SignedDuration::from_secs(waited_s) },
        "document": document(),
    });
    if let (Value::Object(whole), Value::Object(state)) = (&mut whole, state.clone()) {
        whole.extend(state);
    }
    json!({
        "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
        "state": whole,
    })
}

fn gone() -> FakeAws {
    let tags = Tags::from([
        (tags::EXECUTION.to_owned(), "arn:x".to_owned()),
        (tags::ATTEMPT.to_owned(), "1".to_owned()),
        (tags::DEPLOYMENT.to_owned(), "test".to_owned()),
    ]);
    FakeAws { instances: vec![instance("i-1", InstanceState::Terminated, tags)], ..FakeAws::default() }
}

async fn stop(state: Value, aws: &FakeAws) -> Value {
    handle(payload(&state, 60), &deployment(), aws, aws, aws, aws, aws).await.unwrap()
}

fn launched() -> Value {
    json!({ "id": "i-1", "region": "us-east-1", "market": "on-demand", "launched_at": "2026-03-01T05:31:00Z" })
}

fn sent() -> Value {
    json!({
        "id": "c-1", "poll_seconds": 72, "deliver_by": "2026-03-01T05:36:00Z",
        "end_by": "2026-03-01T06:37:00Z", "logs": ["s3://logs/x"],
    })
}

#[tokio::test]
async fn a_success_has_an_exit_code_its_logs_and_the_output_that_was_found() {
    let check = json!({ "result": "found", "object": "s3://b/k", "last_modified": null, "size": 1 });
    let outcome = stop(
        json!({ "instance": launched(), "command": sent(), "poll": { "exit_code": 0 }, "check": check }),
        &gone(),
    )
    .await;
    assert_eq!((&outcome["status"], &outcome["next"]), (&json!("Succeeded"), &json!("succeed")));
    let attempt = &outcome["attempts"][0];
    assert_eq!((&attempt["exit_code"], &attempt["output"]), (&json!(0), &json!("s3://b/k")));
    assert_eq!((&attempt["instances"], &attempt["logs"]), (&json!(["i-1"]), &json!(["s3://logs/x"])));
}

#[tokio::test]
async fn each_way_to_fail_is_reported_as_it_was() {
    let report = |kind: &str| {
        json!({ "errorType": kind, "errorMessage": "why", "exit_code": 7, "stderr_tail": "oops" }).to_string()
    };
    for (error, cause, status, reason) in [
        ("CommandFailed", report("CommandFailed"), "CommandFailed", "why"),
        ("SpotInterrupted", report("SpotInterrupted"), "SpotInterrupted", "why"),
        ("InstanceNotReady", report("InstanceNotReady"), "LaunchFailed", "why"),
        ("States.Timeout", String::new(), "InternalError", "States.Timeout"),
        ("Lambda.Unknown", "it died".to_owned(), "InternalError", "Lambda.Unknown: it died"),
    ] {
        let caught = json!({ "Error": error, "Cause": cause });
        let state = json!({ "instance": launched(), "command": sent(), "error": caught });
        let outcome = stop(state, &gone()).await;
        assert_eq!(outcome["status"], status, "{error}");
        assert_eq!(outcome["attempts"][0]["reason"], reason, "{error}");
        assert_eq!(outcome["attempts"][0]["exit_code"].is_null(), reason != "why", "{error}");
    }
}

#[tokio::test]
async fn an_instance_that_did_not_answer_is_explained_by_its_end_unless_we_ended_it() {
    let report = json!({ "errorType": "InstanceNotReady", "errorMessage": "why" }).to_string();
    for (error, state_reason, status, reason) in [
        ("InstanceNotReady", "Server.SpotInstanceTermination", "SpotInterrupted", "Server.Spot"),
        ("QueuedInstanceNotReady", "Server.InternalError", "InstanceLost", "Server.InternalError"),
        ("InstanceNotReady", "Server.InsufficientInstanceCapacity", "CapacityUnavailable", "Insufficient"),
        ("LaunchFailed", "Server.InsufficientInstanceCapacity", "CapacityUnavailable", "Insufficient"),
        ("InstanceNotReady", "Client.UserInitiatedShutdown", "LaunchFailed", "why"),
        ("CommandFailed", "Server.SpotInstanceTermination", "CommandFailed", "why"),
    ] {
        let mut aws = gone();
        aws.instances[0].state_reason = Some(state_reason.to_owned());
        let state = json!({ "instance": launched(), "error": { "Error": error, "Cause": report } });
        let outcome = stop(state, &aws).await;
        assert_eq!(outcome["status"], status, "{error} {state_reason}");
        let reported = outcome["attempts"][0]["reason"].as_str().unwrap();
        assert!(reported.contains(reason), "{reported}");
    }
}

#[tokio::test]
async fn an_instance_that_no_section_names_is_found_by_its_tags() {
    let outcome = stop(json!({ "error": { "Error": "States.Timeout", "Cause": null } }), &gone()).await;
    assert_eq!(outcome["attempts"][0]["instances"], json!(["i-1"]));
    assert!(outcome["attempts"][0]["exit_code"].is_null());
}

#[tokio::test]
async fn a_launched_instance_that_is_not_visible_yet_is_waited_for() {
    let nothing = FakeAws::default();
    for (waited_s, done) in [(44, false), (45, true)] {
        let state = json!({ "instance": launched() });
        let answer = handle(
            payload(&state, waited_s),
            &deployment(),
            &nothing,
            &nothing,
            &nothing,
            &nothing,
            &nothing,
        )
        .await;
        assert_eq!(answer.is_ok(), done, "{waited_s}");
    }
}

#[tokio::test]
async fn after_a_lost_launch_the_cleanup_waits_until_an_instance_would_be_visible() {
    let lost = json!({ "error": { "Error": "ServiceUnavailable", "Cause": "{}" } });
    let refused = |message: &str| {
        let report = json!({ "errorType": "LaunchFailed", "errorMessage": message }).to_string();
        json!({ "error": { "Error": "LaunchFailed", "Cause": report } })
    };
    let first = Error::LaunchFailed("no such image".to_owned()).of_first_try().to_string();
    let tags = Tags::from([
        (tags::EXECUTION.to_owned(), "arn:x".to_owned()),
        (tags::ATTEMPT.to_owned(), "7".to_owned()),
        (tags::DEPLOYMENT.to_owned(), "test".to_owned()),
    ]);
    let of_another_attempt = instance("i-7", InstanceState::Stopped, tags);
    let aws = FakeAws { instances: vec![of_another_attempt], ..FakeAws::default() };
    let died = json!({ "error": { "Error": "Lambda.Unknown", "Cause": "it died" } });
    for (state, waited_s, settled) in [
        (&lost, 0, false),
        (&lost, 44, false),
        (&lost, 45, true),
        (&died, 44, false),
        (&died, 45, true),
        (&refused(&first), 0, true),
        // A repetition may be refused although its first try launched an instance.
        (&refused("no such image"), 44, false),
        (&refused("no such image"), 45, true),
    ] {
        let result = handle(payload(state, waited_s), &deployment(), &aws, &aws, &aws, &aws, &aws).await;
        assert_eq!(result.is_ok(), settled, "{state} {waited_s}");
    }
}

#[tokio::test]
async fn an_instance_is_ended_in_the_region_of_its_launch_even_if_the_document_changes() {
    let tags = Tags::from([
        (tags::EXECUTION.to_owned(), "arn:x".to_owned()),
        (tags::DEPLOYMENT.to_owned(), "test".to_owned()),
        (tags::ON_END.to_owned(), "terminate".to_owned()),
    ]);
    let aws =
        FakeAws { instances: vec![instance("i-1", InstanceState::Running, tags)], ..FakeAws::default() };
    let mut payload =
        payload(&json!({ "instance": launched(), "error": { "Error": "CommandFailed", "Cause": "{}" } }), 0);
    payload["state"]["document"]["region"] = json!("eu-north-1");
    handle(payload, &deployment(), &aws, &aws, &aws, &aws, &aws).await.unwrap();
    assert_eq!(aws.calls(), ["TerminateInstances i-1"]);
}

/// A person may have edited its tags.
#[tokio::test]
async fn the_instance_of_the_state_is_ended_even_without_its_tags() {
    let running = instance("i-1", InstanceState::Running, Tags::new());
    let aws = FakeAws { instances: vec![running], ..FakeAws::default() };
    let state = json!({ "instance": launched() });
    let error = handle(payload(&state, 60), &deployment(), &aws, &aws, &aws, &aws, &aws).await.unwrap_err();
    assert_eq!((error.name(), aws.calls()), ("CleanupPending", vec!["StopInstances i-1".to_owned()]));
}

/// Only the last machine can be of use to a person, and each stopped one costs money.
#[tokio::test]
async fn a_machine_is_stopped_only_if_no_other_attempt_follows() {
    for (error, allowed, call) in [
        ("CommandFailed", 1, "StopInstances i-1"),
        ("CommandFailed", 2, "TerminateInstances i-1"),
        ("Cancelled", 2, "StopInstances i-1"),
    ] {
        let mut aws = gone();
        aws.instances[0].state = InstanceState::Running;
        let mut payload =
            payload(&json!({ "instance": launched(), "error": { "Error": error, "Cause": "{}" } }), 60);
        payload["state"]["document"]["run_options"] = json!({ "n_retries_allowed": allowed - 1 });
        let _ = handle(payload, &deployment(), &aws, &aws, &aws, &aws, &aws).await;
        assert_eq!(aws.calls(), [call], "{error} of {allowed}");
    }
}

/// The answer of its launch was lost, and the document may no longer say where it is.
#[tokio::test]
async fn an_instance_that_no_section_names_is_ended_in_any_region_of_the_deployment() {
    let tags = Tags::from([
        (tags::EXECUTION.to_owned(), "arn:x".to_owned()),
        (tags::DEPLOYMENT.to_owned(), "test".to_owned()),
        (tags::ON_END.to_owned(), "terminate".to_owned()),
    ]);
    let mut wide = deployment();
    wide.additional_regions = vec![Region::new("us-west-2")];
    for region in ["us-east-1", "us-west-2", "eu-north-1"] {
        let mut payload = payload(&json!({ "error": { "Error": "InvalidExecution", "Cause": "{}" } }), 60);
        payload["state"]["document"]["region"] = json!("eu-north-1");
        let aws = FakeAws {
            instances: vec![instance("i-1", InstanceState::Running, tags.clone())],
            only_in: Some(Region::new(region)),
            ..FakeAws::default()
        };
        handle(payload, &wide, &aws, &aws, &aws, &aws, &aws).await.unwrap();
        assert_eq!(aws.calls(), ["TerminateInstances i-1"], "{region}");
    }
}

#[tokio::test]
async fn a_refused_document_is_reported_and_no_call_is_made() {
    let error = Error::InvalidExecution(crate::document::Problems(Vec::new())).of_first_try();
    let caught = json!({ "Error": error.name(), "Cause": serde_json::to_string(&error.report()).unwrap() });
    let mut payload = payload(&json!({ "error": caught }), 0);
    payload["state"]["document"] = json!({});
    let aws = FakeAws::default();
    let outcome = handle(payload, &deployment(), &aws, &aws, &aws, &aws, &aws).await.unwrap();
    assert_eq!((&outcome["status"], &outcome["next"]), (&json!("InvalidExecution"), &json!("succeed")));
    assert_eq!(aws.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn an_event_that_no_rule_sends_is_refused() {
    let aws = FakeAws::default();
    let event = json!({ "detail-type": "EC2 Instance State-change Notification", "detail": {} });
    let error = handle(event, &deployment(), &aws, &aws, &aws, &aws, &aws).await.unwrap_err();
    assert_eq!(error.name(), "InternalError");
    assert!(
        error.to_string().contains("expected `Step Functions Execution Status Change` or `Scheduled Event`")
    );
}

/// As NextCandidate collects them: one cause after another.
#[tokio::test]
async fn an_attempt_without_capacity_names_every_candidate_that_it_tried() {
    let cause = |kind: &str, message: &str| json!({ "errorType": kind, "errorMessage": message }).to_string();
    let tried = cause("CandidateUnavailable", "InsufficientInstanceCapacity: no room");
    let error =
        json!({ "Error": "CapacityUnavailable", "Cause": cause("CapacityUnavailable", "no capacity") });
    let mut state = json!({ "error": error, "candidate": 1, "tried": tried, "document": document() });
    state["document"]["instance_parameters"]["InstanceType"] = json!(["t4g.nano", "t4g.micro", "t4g.small"]);
    let outcome = stop(state, &FakeAws::default()).await;
    assert_eq!(outcome["status"], "CapacityUnavailable");
    assert_eq!(
        outcome["attempts"][0]["tried"],
        json!([
            { "type": "t4g.nano", "market": "on-demand", "error": "InsufficientInstanceCapacity: no room" },
            { "type": "t4g.micro", "market": "on-demand", "error": "no capacity" },
        ])
    );
}

/// A state whose commands failed, and of whose stderr SSM has only the beginning.
fn cut() -> Value {
    let cause = json!({
        "errorType": "CommandFailed", "errorMessage": "why", "exit_code": 7, "stderr_tail": "the middle", "cut": ["stderr"],
        "started_at": "2026-03-01T05:32:00Z", "ended_at": "2026-03-01T05:33:00Z",
    });
    let mut command = sent();
    command["logs"] = json!(["s3://logs/run/attempt-1/c-1/", "cloudwatch:/group:c-1"]);
    command["ready_at"] = json!("2026-03-01T05:31:30Z");
    json!({
        "instance": launched(), "command": command,
        "error": { "Error": "CommandFailed", "Cause": cause.to_string() },
    })
}

#[tokio::test]
async fn the_end_of_output_that_ssm_has_cut_is_read_from_the_bucket() {
    let aws = FakeAws { kept_output: "\u{fffd}the end\n", ..gone() };
    let attempt = stop(cut(), &aws).await["attempts"][0].take();
    assert_eq!(attempt["stderr_tail"], "the end\n");
    let key = "run/attempt-1/c-1/i-1/awsrunShellScript/0.awsrunShellScript/stderr";
    assert_eq!(aws.calls(), [format!("GetObject logs/{key}")]);
}

#[tokio::test]
async fn an_end_that_cannot_be_read_is_said_and_changes_nothing() {
    let denied = FakeAws { failing: Some(("GetObject", "AccessDenied")), ..gone() };
    let outcome = stop(cut(), &denied).await;
    assert_eq!(outcome["status"], "CommandFailed");
    let tail = outcome["attempts"][0]["stderr_tail"].as_str().unwrap();
    assert!(tail.starts_with("the middle\n[SSM has only the beginning of stderr"), "{tail}");
    assert!(tail.contains("AccessDenied"), "{tail}");
}

#[tokio::test]
async fn the_record_has_type_zone_and_image_and_the_times_of_the_attempt() {
    let mut aws = gone();
    aws.instances[0].kind = Kind {
        instance_type: Some("t4g.nano".to_owned()),
        zone: Some("us-east-1a".to_owned()),
        architecture: Some("arm64".to_owned()),
        image: Some("ami-0123456789abcdef0".to_owned()),
    };
    let attempt = stop(cut(), &aws).await["attempts"][0].take();
    for (field, value) in [
        ("instance_type", "t4g.nano"),
        ("zone", "us-east-1a"),
        ("image", "ami-0123456789abcdef0"),
        ("started_at", "2026-03-01T05:30:00Z"),
        ("launched_at", "2026-03-01T05:31:00Z"),
        ("ready_at", "2026-03-01T05:31:30Z"),
        ("commands_started_at", "2026-03-01T05:32:00Z"),
        ("commands_ended_at", "2026-03-01T05:33:00Z"),
        ("ended_at", "2026-03-01T06:00:00Z"),
    ] {
        assert_eq!(attempt[field], value, "{field}");
    }
}

#[tokio::test]
async fn an_attempt_that_is_over_and_cleaned_up_has_a_line_in_the_ledger() {
    let aws = gone();
    let check = json!({ "result": "found", "object": "s3://b/k", "last_modified": null, "size": 5 });
    let command = json!({
        "id": "c-1", "poll_seconds": 72, "deliver_by": "2026-03-01T05:36:00Z",
        "end_by": "2026-03-01T06:37:00Z", "logs": [], "ready_at": "2026-03-01T05:31:30Z",
    });
    let poll = json!({
        "exit_code": 0, "started_at": "2026-03-01T05:32:00Z", "ended_at": "2026-03-01T05:58:00Z",
    });
    let state = json!({ "instance": launched(), "command": command, "poll": poll, "check": check });
    let deployment = Deployment { log_bucket: Some("logs".to_owned()), ..deployment() };
    let outcome = handle(payload(&state, 60), &deployment, &aws, &aws, &aws, &aws, &aws).await.unwrap();
    let ledger = aws.ledger.into_inner().unwrap();
    let line = &ledger["logs/runs/date=2026-03-01/x-1.json"];
    let attempt = &outcome["attempts"][0];
    for field in [
        "status",
        "exit_code",
        "region",
        "zone",
        "instance_type",
        "architecture",
        "image",
        "market",
        "started_at",
        "launched_at",
        "ready_at",
        "commands_started_at",
        "commands_ended_at",
        "over_at",
        "stopped_at",
        "output",
    ] {
        assert_eq!((field, &line[field]), (field, &attempt[field]));
        assert!(!line[field].is_null(), "{field}");
    }
    assert_eq!((&line["output_bytes"], &line["instance"]), (&json!(5), &json!("i-1")));
}

#[tokio::test]
async fn the_ledger_gets_one_try_and_then_a_warning() {
    let aws = FakeAws { failing: Some(("PutObject", "SlowDown")), ..gone() };
    let deployment = Deployment { log_bucket: Some("logs".to_owned()), ..deployment() };
    let outcome =
        handle(payload(&json!({ "instance": launched() }), 60), &deployment, &aws, &aws, &aws, &aws, &aws)
            .await
            .unwrap();
    assert_eq!(outcome["status"], "Succeeded");
    let warnings = outcome["warnings"].as_array().unwrap();
    let mut texts = warnings.iter().filter_map(Value::as_str);
    assert!(texts.any(|text| text.starts_with("the ledger lacks attempt 1: ") && text.contains("PutObject")));
}

/// A line in the ledger says that nothing is left.
#[tokio::test]
async fn an_attempt_that_is_still_being_cleaned_up_has_no_line() {
    let mut aws = gone();
    aws.instances[0].state = InstanceState::Running;
    let deployment = Deployment { log_bucket: Some("logs".to_owned()), ..deployment() };
    let answer =
        handle(payload(&json!({ "instance": launched() }), 60), &deployment, &aws, &aws, &aws, &aws, &aws)
            .await;
    assert_eq!(answer.unwrap_err().name(), "CleanupPending");
    assert!(aws.ledger.into_inner().unwrap().is_empty());
}
