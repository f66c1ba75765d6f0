//! A history as Step Functions records it, in the order of its events.

use serde_json::json;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn timeline(events: Vec<(i64, What)>) -> Timeline {
    let mut timeline = Timeline::default();
    let event =
        |(id, (seconds, what))| Event { id, at: at(seconds), kind: String::new(), what, details: Vec::new() };
    let events: Vec<_> = (1..).zip(events).map(event).collect();
    timeline.extend(&events);
    timeline
}

fn entered(state: &str, input: Value) -> What {
    let kind = if state == "Backoff" { "Wait" } else { "Task" };
    What::Entered { state: state.to_owned(), kind: kind.to_owned(), input }
}

fn exited(state: &str, output: Value) -> What {
    What::Exited { state: state.to_owned(), output }
}

fn failed(error: &str, message: &str) -> What {
    What::Failed { error: error.to_owned(), message: message.to_owned() }
}

fn launched() -> Value {
    json!({
        "attempt": { "number": 1 },
        "instance": { "id": "i-1", "region": "us-west-2", "market": "spot" },
    })
}

fn sent() -> Value {
    let mut state = launched();
    state["command"] = json!({ "id": "c-1", "logs": ["s3://logs/x/"], "end_by": "2026-01-01T01:00:00Z" });
    state
}

fn begin() -> Vec<(i64, What)> {
    vec![
        (0, entered("EC2StarterFromAMI", json!({ "attempt": { "number": 1 } }))),
        (0, What::Tried),
        (2, exited("EC2StarterFromAMI", launched())),
        (2, entered("Boot", launched())),
        (2, What::Tried),
        (3, failed("InstanceNotReady", "instance i-1 is pending")),
    ]
}

#[test]
fn a_boot_waits_for_what_its_last_try_said() {
    let timeline = timeline(begin());
    let waiting = timeline.waiting().unwrap();
    assert_eq!((waiting.state.as_str(), waiting.reason.as_str()), ("Boot", "instance i-1 is pending"));
    let instance = timeline.attempts()[0].instance.as_ref().unwrap();
    assert_eq!((instance.id.as_str(), instance.region.as_str()), ("i-1", "us-west-2"));
    assert_eq!(timeline.visits()[1].tries, 1);
}

#[test]
fn commands_are_waited_for_until_their_limit() {
    let mut events = begin();
    events.extend([
        (9, What::Tried),
        (9, exited("Boot", launched())),
        (9, entered("Commander", launched())),
        (10, exited("Commander", sent())),
        (10, entered("EC2Poller", sent())),
        (10, What::Tried),
        (70, What::TimedOut),
    ]);
    let timeline = timeline(events);
    let waiting = timeline.waiting().unwrap();
    assert_eq!(waiting.reason, "its commands to end");
    assert_eq!(waiting.until, Some(at(3_600)));
    assert_eq!(timeline.attempts()[0].command.as_ref().unwrap().id, "c-1");
}

#[test]
fn attempts_are_told_apart_and_each_has_its_own_end() {
    let outcome = json!({
        "backoff_seconds": 15,
        "attempts": [{ "attempt": 1, "status": "SpotInterrupted", "reason": "EC2 took it" }],
    });
    let mut over = sent();
    over["outcome"] = outcome;
    let mut events = begin();
    events.extend([
        (9, exited("Boot", launched())),
        (20, entered("EC2Stopper", sent())),
        (21, exited("EC2Stopper", over.clone())),
        (21, entered("Backoff", over)),
    ]);
    let waiting = timeline(events.clone()).waiting().unwrap();
    assert_eq!((waiting.reason.as_str(), waiting.until), ("the next attempt", Some(at(36))));
    events.extend([
        (36, exited("Backoff", Value::Null)),
        (36, entered("EC2StarterFromAMI", json!({ "attempt": { "number": 2 } }))),
    ]);
    let timeline = timeline(events);
    let [first, second] = timeline.attempts() else { panic!("{:?}", timeline.attempts()) };
    assert_eq!(first.status.as_deref(), Some("SpotInterrupted"));
    assert_eq!(first.reason.as_deref(), Some("EC2 took it"));
    assert!(second.instance.is_none() && second.status.is_none());
    assert_eq!(timeline.visits().last().unwrap().attempt, 2);
}

#[test]
fn nothing_is_waited_for_after_the_end() {
    let mut events = begin();
    events.push((4, What::Ended));
    let timeline = timeline(events);
    assert!(timeline.ended() && timeline.waiting().is_none());
}
