//! Deterministic simulation: the real steps and the real state machine, in virtual time, under a seeded schedule of faults.
//!
//! A seed decides everything: the documents, what their commands do, what befalls the instances, and which call,
//! Lambda or event goes wrong when. After the last execution has ended and the sweeper has had its turns, the
//! invariants are checked against what really happened on the instances and in S3.

pub(crate) mod execution;
pub(crate) mod fault_kind;
pub(crate) mod faults;
mod functions;
pub(crate) mod hobbled;
pub(crate) mod invariants;
pub(crate) mod machines;
pub(crate) mod plan;

mod world;

use std::collections::{BTreeMap, BTreeSet};

pub use fault_kind::{Fate, FaultKind};
pub use hobbled::Safeguard;
pub use invariants::{Excuse, Invariant, Violation};

use crate::virtual_time;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Executions at once in each account.
    pub executions: usize,
    /// A safeguard to take away, to see what it is good for.
    pub without: Option<Safeguard>,
}

/// What a seed came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// How many executions there were.
    pub executions: usize,
    /// How often each kind of fault was injected.
    pub faults: BTreeMap<FaultKind, u64>,
    /// The actions, in IAM's words, for which each function needed its role's permission.
    pub asked: BTreeMap<&'static str, BTreeSet<String>>,
    /// What was found broken; empty is what we promise.
    pub violations: Vec<Violation>,
    /// What was found that nobody promises to be otherwise.
    pub excused: BTreeSet<Excuse>,
    /// What happened, in order, where it was asked for.
    pub trace: Vec<String>,
}

/// Simulates one seed. With `traced`, what happened is written down.
///
/// # Errors
/// If the simulation could not be set up, which is a bug of its own.
pub fn simulate(seed: u64, options: Options, traced: bool) -> Result<Report, String> {
    virtual_time::live(world::live(seed, options, traced))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::LazyLock;

    use super::*;

    /// What two tests look at.
    static REPORTS: LazyLock<Vec<Report>> = LazyLock::new(|| reports(0..300, 1));

    fn reports(seeds: Range<u64>, executions: usize) -> Vec<Report> {
        let options = Options { executions, without: None };
        seeds.map(|seed| simulate(seed, options, false).unwrap()).collect()
    }

    fn violations(reports: &[Report]) -> Vec<(u64, &Violation)> {
        reports.iter().flat_map(|report| report.violations.iter().map(|what| (report.seed, what))).collect()
    }

    #[test]
    fn no_schedule_of_faults_breaks_a_promise() {
        assert_eq!(violations(&REPORTS), []);
    }

    /// A fault that no seed injects proves nothing.
    #[test]
    fn every_kind_of_fault_is_injected() {
        let injected: BTreeSet<_> = REPORTS.iter().flat_map(|report| report.faults.keys().copied()).collect();
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
            (Safeguard::AbnormalEnd, 91, Invariant::PromptCleanup),
            (Safeguard::Sweeper, 5, Invariant::NothingRunning),
            (Safeguard::Deadline, 631, Invariant::NothingRunning),
            (Safeguard::ClientToken, 14, Invariant::OneInstancePerAttempt),
            (Safeguard::Tags, 1, Invariant::NothingRunning),
            (Safeguard::LookBeforeSend, 36, Invariant::CommandsOnce),
            (Safeguard::Claim, 58, Invariant::CommandsOnce),
            (Safeguard::Freshness, 39, Invariant::TrueOutcome),
            (Safeguard::PollFallback, 15, Invariant::NothingRunning),
            (Safeguard::InstanceState, 1, Invariant::TrueOutcome),
        ];
        assert_eq!(
            first_seeds.map(|(safeguard, ..)| safeguard),
            Safeguard::ALL.map(|(safeguard, _)| safeguard)
        );
        for (safeguard, seed, invariant) in first_seeds {
            let without = simulate(seed, Options { executions: 1, without: Some(safeguard) }, false).unwrap();
            let broken: Vec<_> = without.violations.iter().map(|violation| violation.invariant).collect();
            assert!(broken.contains(&invariant), "{safeguard:?} at seed {seed}: {broken:?}");
            let with = simulate(seed, Options { executions: 1, without: None }, false).unwrap();
            assert_eq!(with.violations, [], "{safeguard:?} at seed {seed}");
        }
    }

    /// The limits of the promise are real ones. Each with the first seed that shows it.
    #[test]
    fn what_is_not_promised_does_happen() {
        for (excuse, seed) in
            [(Excuse::NotArmed, 455), (Excuse::Rebooted, 6444), (Excuse::ControlPlaneGone, 161)]
        {
            let report = simulate(seed, Options { executions: 1, without: None }, false).unwrap();
            assert!(report.excused.contains(&excuse), "{excuse:?} at seed {seed}: {:?}", report.excused);
        }
    }

    #[test]
    fn a_seed_decides_everything() {
        let options = Options { executions: 2, without: None };
        for seed in 0..20 {
            let (first, again) =
                (simulate(seed, options, true).unwrap(), simulate(seed, options, true).unwrap());
            assert_eq!(first.trace, again.trace, "seed {seed}");
        }
    }
}
