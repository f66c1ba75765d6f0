//! The same faults in process and over HTTP must have the same result.
//!
//! Each schedule runs twice: in process and in virtual time; and in a sandbox with the real Lambda binaries, real instances
//! and real commands. The invariants of the simulation check both.

mod schedules;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use ec2_ops::Status;
use ec2_ops_simulation::simulate::{Invariant, Safeguard};
use ec2_ops_simulation::trial::{BUCKET, Observed, Trial};

use crate::harness::TestSandbox;

/// The number of sandboxes at once. Each of them waits most of the time.
const AT_ONCE: usize = 12;

/// The results of a trial in process and over HTTP, and the violations over HTTP.
fn both(trial: &Trial) -> (Observed, Observed, Vec<String>) {
    let (in_process, _) = trial.in_process().unwrap();
    let conditions = trial.conditions().unwrap();
    let faults = conditions.faults.clone();
    let (over_http, violations) = TestSandbox::under(conditions, &[BUCKET.to_owned()], async |sandbox| {
        trial.over_http(sandbox.sandbox(), &faults, &in_process).await.unwrap()
    });
    (in_process, over_http, violations.iter().map(ToString::to_string).collect())
}

/// Asserts the promises that hold for every schedule.
fn holds(trial: &Trial, observed: &Observed) {
    let name = format!("{}: {:?}", trial.name, trial.faults);
    assert_eq!(observed.unfired, [""; 0], "{name}");
    assert_eq!(observed.broken, BTreeSet::new(), "{name}: {observed:#?}");
    assert!(observed.instances.iter().all(|state| ["stopped", "terminated"].contains(state)), "{name}");
    let refused = trial.status == Status::LaunchFailed;
    for attempt in &observed.attempts {
        let aborted = observed.status == "ABORTED";
        assert_eq!(attempt.reported, (!aborted).then_some(trial.status), "{name}");
        assert_eq!(attempt.tried, trial.instance_types.len() - 1, "{name}");
        assert_eq!(attempt.launched, usize::from(!refused), "{name}");
        let may_not_start = aborted || refused;
        assert!(attempt.started == 1 || (may_not_start && attempt.started == 0), "{name}");
    }
}

#[test]
fn every_schedule_keeps_the_promises_in_process() {
    let schedules = schedules::all();
    for trial in &schedules {
        let (observed, _) = trial.in_process().unwrap();
        holds(trial, &observed);
        assert_eq!(observed.attempts.len(), trial.attempts as usize, "{}: {observed:#?}", trial.name);
    }
}

#[test]
fn every_schedule_has_the_same_result_in_process_and_over_http() {
    let waiting = Mutex::new(schedules::all().into_iter());
    let next = || waiting.lock().unwrap().next();
    let different = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(trial) = next() {
                    let (in_process, over_http, violations) = both(&trial);
                    if in_process != over_http {
                        different.lock().unwrap().push((trial, in_process, over_http, violations));
                    }
                }
            });
        }
    });
    let different = different.into_inner().unwrap();
    assert!(different.is_empty(), "{different:#?}");
}

/// EC2Stopper looks for the instance until one would be visible: these take that long.
#[test]
fn a_refused_repetition_of_a_launch_leaves_nothing_running() {
    thread::scope(|scope| {
        for trial in schedules::refused_after_a_lost_launch() {
            scope.spawn(move || {
                let (in_process, over_http, violations) = both(&trial);
                assert_eq!(in_process, over_http, "{}: {violations:#?}", trial.name);
                assert_eq!(in_process.unfired, [""; 0], "{}", trial.name);
                assert_eq!(in_process.instances, ["terminated"], "{}", trial.name);
                let attempts: Vec<_> =
                    in_process.attempts.iter().map(|one| (one.launched, one.started)).collect();
                assert_eq!(attempts, [(1, 0)], "{}: {in_process:#?}", trial.name);
            });
        }
    });
}

#[test]
fn without_a_safeguard_the_same_promise_is_broken_in_process_and_over_http() {
    let no_catch = Trial {
        name: "no state catches a failure",
        without: Some(Safeguard::Catch),
        exit_code: 3,
        status: Status::CommandFailed,
        delete_volume: false,
        ..Trial::default()
    };
    let no_claim = schedules::commands_start_twice();
    for (trial, broken) in [(no_claim, Invariant::CommandsOnce), (no_catch, Invariant::TrueOutcome)] {
        let (in_process, over_http, violations) = both(&trial);
        assert!(in_process.broken.contains(&broken), "{in_process:#?}");
        assert_eq!(in_process, over_http, "{}: {violations:#?}", trial.name);
    }
}
