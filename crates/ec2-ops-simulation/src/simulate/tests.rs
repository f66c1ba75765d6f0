use std::ops::Range;
use std::sync::LazyLock;

use super::*;

/// Shared by two tests.
static REPORTS: LazyLock<Vec<Report>> = LazyLock::new(|| reports(0..450, 1));

fn reports(seeds: Range<u64>, executions: usize) -> Vec<Report> {
    let options = Options { executions, fleet: false, without: None };
    seeds.map(|seed| simulate(seed, options, false).unwrap()).collect()
}

fn violations(reports: &[Report]) -> Vec<(u64, &Violation)> {
    reports.iter().flat_map(|report| report.violations.iter().map(|what| (report.seed, what))).collect()
}

/// The same with fleets.
static FLEETS: LazyLock<Vec<Report>> = LazyLock::new(|| {
    let options = Options { executions: 8, fleet: true, without: None };
    (0..20).map(|seed| simulate(seed, options, false).unwrap()).collect()
});

#[test]
fn no_schedule_of_faults_breaks_a_promise_about_fleets() {
    assert_eq!(violations(&FLEETS), []);
}

#[test]
fn no_schedule_of_faults_breaks_a_promise() {
    assert_eq!(violations(&REPORTS), []);
}

/// A fault that no seed injects proves nothing.
#[test]
fn every_kind_of_fault_is_injected() {
    let injected: BTreeSet<_> =
        REPORTS.iter().chain(&*FLEETS).flat_map(|report| report.faults.keys().copied()).collect();
    assert_eq!(injected, FaultKind::ALL.map(|(kind, _)| kind).into());
}

#[test]
fn executions_at_once_do_not_disturb_each_other() {
    assert_eq!(violations(&reports(0..40, 8)), []);
}

/// Each with the first seed that misses it: `cargo ops simulate --without NAME` finds another if the plans change.
#[test]
fn every_safeguard_is_missed_when_it_is_taken_away() {
    let first_seeds = [
        (Safeguard::Catch, 0, Invariant::TrueOutcome),
        (Safeguard::AbnormalEnd, 68, Invariant::PromptCleanup),
        (Safeguard::Sweeper, 6, Invariant::NothingRunning),
        (Safeguard::Deadline, 631, Invariant::NothingRunning),
        (Safeguard::ClientToken, 97, Invariant::OneInstancePerAttempt),
        (Safeguard::CandidateInToken, 40, Invariant::TrueOutcome),
        (Safeguard::OneCandidate, 40, Invariant::CandidatesInOrder),
        (Safeguard::Tags, 6, Invariant::NothingRunning),
        (Safeguard::LookBeforeSend, 36, Invariant::CommandsOnce),
        (Safeguard::Claim, 178, Invariant::CommandsOnce),
        (Safeguard::Freshness, 33, Invariant::TrueOutcome),
        (Safeguard::PollFallback, 1, Invariant::Ends),
        (Safeguard::InstanceState, 0, Invariant::TrueOutcome),
        (Safeguard::KnownId, 13, Invariant::EndsCleanedUp),
        (Safeguard::FirstTry, 20, Invariant::EndsCleanedUp),
        (Safeguard::Ledger, 0, Invariant::TrueLedger),
        (Safeguard::RowName, 3, Invariant::RowsOnce),
        (Safeguard::Tolerance, 0, Invariant::EachRowEnds),
        (Safeguard::Judge, 0, Invariant::TrueSummary),
    ];
    assert_eq!(first_seeds.map(|(safeguard, ..)| safeguard), Safeguard::ALL.map(|(safeguard, _)| safeguard));
    for (safeguard, seed, invariant) in first_seeds {
        let fleet = safeguard.is_of_fleets();
        let options = Options { executions: if fleet { 8 } else { 1 }, fleet, without: None };
        let without = simulate(seed, Options { without: Some(safeguard), ..options }, false).unwrap();
        let broken: Vec<_> = without.violations.iter().map(|violation| violation.invariant).collect();
        assert!(broken.contains(&invariant), "{safeguard:?} at seed {seed}: {broken:?}");
        let with = simulate(seed, options, false).unwrap();
        assert_eq!(with.violations, [], "{safeguard:?} at seed {seed}");
    }
}

/// The limits of the promise are real ones. Each with the first seed that shows it.
#[test]
fn what_is_not_promised_does_happen() {
    for (excuse, seed) in [
        (Excuse::NotArmed, 192),
        (Excuse::ControlPlaneGone, 631),
        (Excuse::TagsEdited, 496),
        (Excuse::Rebooted, 5128),
        (Excuse::LineOfSlowEnd, 68),
    ] {
        let report = simulate(seed, Options { executions: 1, fleet: false, without: None }, false).unwrap();
        assert!(report.excused.contains(&excuse), "{excuse:?} at seed {seed}: {:?}", report.excused);
    }
    let fleet = simulate(651, Options { executions: 8, fleet: true, without: None }, false).unwrap();
    assert!(fleet.excused.contains(&Excuse::StartLost), "{:?}", fleet.excused);
}

#[test]
fn a_seed_decides_everything() {
    let options = Options { executions: 2, fleet: false, without: None };
    for seed in 0..20 {
        let (first, again) = (simulate(seed, options, true).unwrap(), simulate(seed, options, true).unwrap());
        assert_eq!(first.trace, again.trace, "seed {seed}");
    }
}
