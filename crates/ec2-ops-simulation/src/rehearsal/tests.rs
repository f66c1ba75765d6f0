use std::collections::BTreeMap;

use serde_json::json;

use super::*;

const EVENT: Duration = Duration::from_millis(250);

fn plan(terminate: bool, timeout_s: u32, runs_for: Duration) -> Plan {
    let document = json!({
        "commands": ["./run"],
        "bucket": BUCKET,
        "obj_key": KEY,
        "run_options": { "ii_terminate_instance": terminate, "timeout_s": timeout_s },
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
    });
    Plan {
        document,
        boots_for: Duration::from_secs(20),
        runs_for,
        event_delivery: Some(EVENT),
        call: Duration::ZERO,
    }
}

fn count(record: &Record) -> BTreeMap<&str, usize> {
    record.calls.iter().filter(|call| call.by != Invoker::Schedule).fold(
        BTreeMap::new(),
        |mut counts, call| {
            *counts.entry(call.action).or_default() += 1;
            counts
        },
    )
}

#[test]
fn the_record_has_every_call_of_a_short_execution() {
    let record = rehearse(&plan(true, 3_600, Duration::from_secs(10))).unwrap();
    assert_eq!(record.output["status"], "Succeeded");
    let mut counts = count(&record);
    // How often a boot is looked at follows from jitter.
    for action in ["DescribeInstances", "DescribeInstanceInformation"] {
        assert!(counts.remove(action).unwrap() >= 2, "{action}");
    }
    let once = ["DeleteItem", "DescribeVolumes", "HeadBucket", "HeadObject", "PutItem", "RunInstances"];
    let also = ["PutObject", "SendCommand", "SendTaskSuccess", "TerminateInstances"];
    let mut expected: BTreeMap<_, _> = once.iter().chain(&also).map(|action| (*action, 1)).collect();
    // At the start of the task and when the event comes. The token again for shutting-down and terminated, for which no
    // task waits.
    expected.extend([("GetCommandInvocation", 2), ("GetItem", 3)]);
    assert_eq!(counts, expected);
}

#[test]
fn the_dead_time_is_one_event_delivery() {
    for (terminate, action) in [(true, "TerminateInstances"), (false, "StopInstances")] {
        for runs_for in [10, 600, 3_000].map(Duration::from_secs) {
            let record = rehearse(&plan(terminate, 3_600, runs_for)).unwrap();
            assert_eq!(record.dead_time(action), Some(EVENT), "{action} after {runs_for:?}");
        }
    }
}

/// A poll is a retry of the task, which comes a second after its timeout.
#[test]
fn with_the_event_lost_the_dead_time_is_at_most_one_poll_timeout_and_a_second() {
    for (timeout_s, poll_s) in [(60, 60), (3_600, 72), (86_400, 1_728), (172_800, 1_800)] {
        for share in [0.01, 0.3, 0.5, 0.77, 0.99] {
            let runs_for = Duration::from_secs(timeout_s.into()).mul_f64(share);
            let record = rehearse(&Plan { event_delivery: None, ..plan(true, timeout_s, runs_for) }).unwrap();
            let dead = record.dead_time("TerminateInstances").unwrap();
            assert!(dead <= Duration::from_secs(poll_s + 1), "{dead:?} after {runs_for:?} of {timeout_s} s");
            assert!(dead > Duration::ZERO, "{dead:?} after {runs_for:?} of {timeout_s} s");
        }
    }
}

/// For each range of boots, in seconds from the launch: the mean of the dead time, its 90th percentile, and how often SSM is
/// asked on average.
#[test]
fn little_time_is_lost_between_the_agent_and_the_commands() {
    for (from, to, mean_s, tenth_s, most_looks) in
        [(15, 30, 2.5, 5.0, 6), (25, 60, 2.5, 5.0, 11), (60, 180, 2.5, 5.0, 30)]
    {
        let starts = starts(
            Duration::from_secs(from),
            Duration::from_secs(to),
            &plan(true, 3_600, Duration::from_secs(10)),
        );
        let Starts { mean, nine_in_ten, looks } = starts.unwrap();
        assert!(
            mean.as_secs_f64() <= mean_s && nine_in_ten.as_secs_f64() <= tenth_s,
            "{from} to {to} s: {mean:?}, {nine_in_ten:?}"
        );
        assert!(looks <= f64::from(most_looks), "{from} to {to} s: {looks} checks");
    }
}

#[test]
fn a_plan_decides_everything() {
    let plan = plan(true, 3_600, Duration::from_mins(30));
    assert_eq!(rehearse(&plan).unwrap().history, rehearse(&plan).unwrap().history);
}
