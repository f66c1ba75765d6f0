//! Deterministic simulation: the real steps and the real state machine, in virtual time, under a seeded schedule of faults.
//!
//! A seed decides everything: the documents, what their commands do, what goes wrong with the instances, and which call,
//! Lambda or event fails and when. After the last execution has ended and the sweeper has had its turns, the promises are
//! checked against what really happened on the instances and in S3.
//!
//! A [`Report`] says which promises were broken ([`Violation`]), and how often each kind of fault happened. To show that a
//! simulation could find a fault in the product, take one of its [`Safeguard`]s away: some seed must miss it.
//!
//! # Examples
//!
//! Without the client token, a repeated launch launches a second instance. A few seeds suffice to see that:
//!
//! ```
//! use ec2_ops_simulation::simulate::{Invariant, Options, Safeguard, simulate};
//!
//! let complete = Options { executions: 1, fleet: false, without: None };
//! let without = Options { without: Some(Safeguard::ClientToken), ..complete };
//!
//! let missed = (0..1_000)
//!     .map(|seed| simulate(seed, without, false))
//!     .find(|report| report.as_ref().is_ok_and(|report| !report.violations.is_empty()))
//!     .ok_or("no seed misses the client token")??;
//! assert_eq!(missed.violations[0].invariant, Invariant::OneInstancePerAttempt);
//!
//! // The same seed with the token. The trace says what happened, call by call.
//! let kept = simulate(missed.seed, complete, true)?;
//! assert_eq!(kept.violations, []);
//! assert!(kept.trace.iter().any(|line| line.contains("RunInstances")));
//! # Ok::<(), String>(())
//! ```

mod bystanders;
mod execution;
mod fleet;
#[cfg(test)]
mod tests;
mod world;

use std::collections::{BTreeMap, BTreeSet};

pub use crate::faults::{FaultKind, InstanceFault, OtherError};
pub use crate::invariants::{Excuse, Invariant, Violation};
pub use crate::safeguards::Safeguard;

pub(crate) use fleet::summary as fleet_summary;

use crate::harness::virtual_time;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Executions at once in each account.
    pub executions: usize,
    /// Whether the executions are the rows of a fleet.
    pub fleet: bool,
    /// A safeguard to take away.
    pub without: Option<Safeguard>,
}

/// What a seed showed.
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
    /// The promises that were broken. There should be none.
    pub violations: Vec<Violation>,
    /// What happened beyond the limits of the promises.
    pub excused: BTreeSet<Excuse>,
    /// What happened, in order, if a trace was asked for.
    pub trace: Vec<String>,
}

/// Simulates one seed. With `traced`, the report has a trace of what happened.
///
/// # Errors
/// If the simulation could not be set up, which is a bug of its own.
pub fn simulate(seed: u64, options: Options, traced: bool) -> Result<Report, String> {
    virtual_time::run(world::simulate(seed, options, traced))
}
