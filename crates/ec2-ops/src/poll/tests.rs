use super::*;
use crate::fakes::{FakeAws, instance, invocation, time};
use crate::outcome::TAIL;
use crate::ports::InstanceState;
use crate::tags::Tags;

fn ports(aws: &FakeAws) -> Ports<'_, FakeAws, FakeAws, FakeAws, FakeAws, FakeAws> {
    Ports { clock: aws, instances: aws, commands: aws, tokens: aws, executions: aws }
}

fn task() -> Value {
    json!({
        "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
        "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
        "document": {
            "commands": ["true"],
            "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
        },
        "instance": { "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": "2026-03-01T05:31:00Z" },
        "command": {
            "id": "c-1", "poll_seconds": 72, "deliver_by": "2026-03-01T05:36:00Z",
            "end_by": "2026-03-01T06:37:00Z", "logs": [],
        },
        "token": "t-1",
    })
}

/// AWS at `now`: the instance is in `state`, and SSM reports `status`.
fn aws(state: InstanceState, status: Option<InvocationStatus>, now: &str) -> FakeAws {
    FakeAws {
        now: time(now),
        instances: vec![instance("i-1", state, Tags::new())],
        invocation: status.map(invocation),
        ..FakeAws::default()
    }
}

const SPOT_WARNING: &str = "EC2 Spot Instance Interruption Warning";
const EARLY: &str = "2026-03-01T05:35:00Z";
const UNDELIVERED: &str = "2026-03-01T05:37:00Z";
const OVERDUE: &str = "2026-03-01T06:38:00Z";

#[tokio::test]
async fn a_poll_completes_the_task_as_it_finds_the_command() {
    use InstanceState::{Pending as Booting, Running, ShuttingDown, Stopped, Terminated};
    use InvocationStatus::{
        Cancelled, Cancelling, ExecutionTimedOut, Failed, InProgress, Pending, Success, Undeliverable,
    };
    for (state, status, now, call) in [
        (Running, None, EARLY, ""),
        (Booting, Some(Pending), EARLY, ""),
        (Running, Some(InProgress), UNDELIVERED, ""),
        (Running, Some(Success), OVERDUE, "SendTaskSuccess 0"),
        (Terminated, Some(Success), EARLY, "SendTaskSuccess 0"),
        (Running, Some(Failed), EARLY, "SendTaskFailure CommandFailed"),
        (Running, Some(Cancelled), EARLY, "SendTaskFailure Cancelled"),
        (Terminated, Some(Cancelled), EARLY, "SendTaskFailure Cancelled"),
        (Running, Some(Cancelling), EARLY, ""),
        (Terminated, Some(Cancelling), EARLY, "SendTaskFailure Cancelled"),
        (Running, Some(Cancelling), OVERDUE, "SendTaskFailure Cancelled"),
        (Running, Some(ExecutionTimedOut), EARLY, "SendTaskFailure CommandTimedOut"),
        (Running, Some(Undeliverable), EARLY, "SendTaskFailure InstanceLost"),
        (Terminated, Some(Failed), EARLY, "SendTaskFailure InstanceLost"),
        (Stopped, Some(InProgress), EARLY, "SendTaskFailure InstanceLost"),
        (ShuttingDown, None, EARLY, "SendTaskFailure InstanceLost"),
        (Running, None, UNDELIVERED, "SendTaskFailure InstanceLost"),
        (Running, Some(Pending), UNDELIVERED, "SendTaskFailure InstanceLost"),
        (Running, Some(InProgress), OVERDUE, "SendTaskFailure CommandTimedOut"),
    ] {
        let aws = aws(state, status, now);
        let section = handle(task(), &ports(&aws)).await.unwrap();
        let expected =
            if call.is_empty() { vec!["PutItem i-1"] } else { vec!["PutItem i-1", call, "DeleteItem i-1"] };
        assert_eq!(aws.calls(), expected, "{state} {status:?} {now}");
        assert_eq!(section["waiting"], call.is_empty());
    }
}

/// Every poll failed until the deadline that the script armed. Only SSM can say that the commands ended at their limit: a
/// reboot may have ended the instance long before.
#[tokio::test]
async fn an_instance_that_ended_itself_after_the_limit_was_lost_unless_ssm_reports_an_end() {
    use InvocationStatus::{ExecutionTimedOut, Failed, InProgress, Pending};
    let by_itself = "Client.InstanceInitiatedShutdown";
    for (reason, status, now, error) in [
        (by_itself, Some(InProgress), OVERDUE, "InstanceLost"),
        (by_itself, Some(Pending), OVERDUE, "InstanceLost"),
        (by_itself, Some(ExecutionTimedOut), OVERDUE, "CommandTimedOut"),
        (by_itself, Some(Failed), OVERDUE, "CommandFailed"),
        (by_itself, Some(InProgress), EARLY, "InstanceLost"),
        ("Client.UserInitiatedShutdown", Some(InProgress), OVERDUE, "InstanceLost"),
        ("Server.SpotInstanceTermination", Some(InProgress), OVERDUE, "SpotInterrupted"),
    ] {
        let mut aws = aws(InstanceState::Terminated, status, now);
        aws.instances[0].state_reason = Some(reason.to_owned());
        handle(task(), &ports(&aws)).await.unwrap();
        assert_eq!(aws.calls()[1], format!("SendTaskFailure {error}"), "{reason} {status:?} {now}");
    }
}

/// Commander sent the commands twice: one copy ran them, the other one waited for it.
#[tokio::test]
async fn a_copy_that_was_killed_explains_how_the_other_one_failed() {
    use InstanceState::{Running, Terminated};
    use InvocationStatus::{
        Cancelled, Cancelling, ExecutionTimedOut, Failed, InProgress, Success, Undeliverable,
    };
    for (state, watched, other, call) in [
        (Running, Failed, Cancelled, "SendTaskFailure Cancelled"),
        (Terminated, InProgress, Cancelled, "SendTaskFailure Cancelled"),
        (Running, Failed, Cancelling, "SendTaskFailure Cancelled"),
        (Running, Failed, ExecutionTimedOut, "SendTaskFailure CommandTimedOut"),
        (Running, Failed, Failed, "SendTaskFailure CommandFailed"),
        (Running, Failed, Undeliverable, "SendTaskFailure CommandFailed"),
        (Running, ExecutionTimedOut, Failed, "SendTaskFailure CommandTimedOut"),
        (Terminated, InProgress, ExecutionTimedOut, "SendTaskFailure InstanceLost"),
        (Running, Success, Cancelled, "SendTaskSuccess 0"),
    ] {
        let copies = vec![("c-0", other), ("c-1", watched)];
        let aws = FakeAws { copies, ..aws(state, Some(watched), EARLY) };
        handle(task(), &ports(&aws)).await.unwrap();
        assert_eq!(aws.calls()[1], call, "{state} {watched:?} {other:?}");
    }
}

#[tokio::test]
async fn a_poll_that_fails_does_not_complete_the_task() {
    for (action, code, name) in [
        ("GetCommandInvocation", "ThrottlingException", "Throttled"),
        ("GetCommandInvocation", "AccessDenied", "Refused"),
        ("DescribeInstances", "InternalError", "ServiceUnavailable"),
    ] {
        let running = aws(InstanceState::Running, Some(InvocationStatus::InProgress), EARLY);
        let aws = FakeAws { failing: Some((action, code)), ..running };
        assert_eq!(handle(task(), &ports(&aws)).await.unwrap_err().name(), name, "{code}");
        assert_eq!(aws.calls(), ["PutItem i-1"]);
    }
}

#[tokio::test]
async fn an_event_wakes_only_the_task_that_waits_for_it() {
    let event = |kind: &str, id: &str| json!({ "detail-type": kind, "detail": { "instance-id": id } });
    let aws = aws(InstanceState::Running, Some(InvocationStatus::InProgress), EARLY);
    handle(task(), &ports(&aws)).await.unwrap();
    handle(event(SPOT_WARNING, "i-2"), &ports(&aws)).await.unwrap();
    let mut of_another = event("EC2 Command Invocation Status-change Notification", "i-1");
    of_another["detail"]["command-id"] = json!("c-9");
    handle(of_another, &ports(&aws)).await.unwrap();
    assert_eq!(aws.calls(), ["PutItem i-1"]);
    // An end that does not show yet is polled for again.
    let early = handle(event("EC2 Instance State-change Notification", "i-1"), &ports(&aws)).await;
    assert!(early.unwrap_err().retryable());
    assert_eq!(aws.calls(), ["PutItem i-1"]);
    handle(event(SPOT_WARNING, "i-1"), &ports(&aws)).await.unwrap();
    assert_eq!(aws.calls()[1..], ["SendTaskFailure SpotInterrupted", "DeleteItem i-1"]);
}

#[tokio::test]
async fn an_event_that_no_rule_sends_is_refused() {
    let running = aws(InstanceState::Running, Some(InvocationStatus::InProgress), EARLY);
    let event = json!({ "detail-type": "EBS Volume Notification", "detail": { "instance-id": "i-1" } });
    let error = handle(event, &ports(&running)).await.unwrap_err();
    assert!(error.to_string().contains("unknown variant `EBS Volume Notification`"), "{error}");
}

#[tokio::test]
async fn a_warning_does_not_hide_how_the_commands_had_ended() {
    let mut aws = aws(InstanceState::Running, None, EARLY);
    handle(task(), &ports(&aws)).await.unwrap();
    aws.invocation = Some(invocation(InvocationStatus::Failed));
    let warning = json!({ "detail-type": SPOT_WARNING, "detail": { "instance-id": "i-1" } });
    handle(warning, &ports(&aws)).await.unwrap();
    assert_eq!(aws.calls()[1..], ["SendTaskFailure CommandFailed", "DeleteItem i-1"]);
}

#[tokio::test]
async fn a_success_needs_the_exit_code_0() {
    let called_a_success = Invocation { exit_code: Some(168), ..invocation(InvocationStatus::Success) };
    let aws = FakeAws { invocation: Some(called_a_success), ..aws(InstanceState::Running, None, EARLY) };
    handle(task(), &ports(&aws)).await.unwrap();
    assert_eq!(aws.calls()[1], "SendTaskFailure CommandFailed");
}

#[test]
fn a_failure_repeats_the_exit_code_and_the_end_of_stderr() {
    let watch: Watch = serde_json::from_value(json!({
        "execution": "arn:x", "attempt": 1, "region": "us-east-1", "instance": "i-1", "command": "c-1",
        "deliver_by": EARLY, "end_by": OVERDUE, "timeout_s": 60,
    }))
    .unwrap();
    let stderr = format!("{}é", "x".repeat(TAIL + 5));
    let stdout = "the reason is here".to_owned();
    let failed = Invocation { exit_code: Some(7), stdout, stderr, ..invocation(InvocationStatus::Failed) };
    let report = failure(&watch, &failed).report();
    let commands = report.commands;
    assert_eq!(
        (report.message.as_str(), commands.exit_code),
        ("the commands failed with exit code 7", Some(7))
    );
    assert_eq!(commands.stderr_tail.chars().count(), TAIL);
    assert_eq!(commands.stdout_tail, "the reason is here");
    assert!(commands.stderr_tail.ends_with('é') && commands.cut.is_empty());
    for cut in ["x".repeat(STDERR_KEPT), format!("{}{TRUNCATED}", "x".repeat(2000))] {
        let failed = Invocation { stderr: cut, ..failed.clone() };
        assert_eq!(failure(&watch, &failed).report().commands.cut, [Stream::Stderr]);
    }
    // The report goes to Step Functions as a cause, which has at most 32,768 characters.
    let (stdout, stderr) = ("\u{1b}\"".repeat(12_000), "\n\\".repeat(4_000));
    let failed = Invocation { stdout, stderr, ..failed };
    let cause = serde_json::to_string(&failure(&watch, &failed).report()).unwrap();
    assert!(cause.chars().count() <= 32_768, "{}", cause.chars().count());
}
