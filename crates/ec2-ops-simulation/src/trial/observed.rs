//! What can be seen of an execution from outside, the same whichever way it went.

use std::collections::BTreeSet;

use ec2_ops::Status;
use ec2_ops::ids::{AttemptId, ExecutionId};

use crate::simulate::execution::{ending, outcome};
use crate::simulate::invariants::{self, Evidence, Invariant, Violation};
use ec2_ops_sandbox::fault_plan::FaultPlan;

/// What became of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// How Step Functions says that it ended; empty where it has not.
    pub status: &'static str,
    /// What became of each attempt.
    pub attempts: Vec<Attempt>,
    /// The states of all its instances, in alphabetical order.
    pub instances: Vec<&'static str>,
    /// How many of its volumes are left.
    pub volumes: usize,
    /// The faults that never struck.
    pub unfired: Vec<String>,
    /// The promises that were broken.
    pub broken: BTreeSet<Invariant>,
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What the outcome says of it, if there is one.
    pub told: Option<Status>,
    /// How many instances it launched.
    pub launched: usize,
    /// How often its commands really started.
    pub started: usize,
}

impl Observed {
    pub(super) fn of(evidence: &Evidence<'_>, faults: &FaultPlan) -> (Self, Vec<Violation>) {
        let violations = invariants::check(evidence).violations;
        let ec2 = &evidence.account.ec2;
        let mut instances: Vec<_> =
            ec2.instances().iter().map(|instance| instance.state().as_str()).collect();
        instances.sort_unstable();
        let observed = Self {
            status: status(evidence).unwrap_or_default(),
            attempts: attempts(evidence),
            instances,
            volumes: ec2.volumes().len(),
            unfired: faults.unfired().iter().map(ToString::to_string).collect(),
            broken: violations.iter().map(|violation| violation.invariant).collect(),
        };
        (observed, violations)
    }
}

fn status(evidence: &Evidence<'_>) -> Option<&'static str> {
    let execution = evidence.account.stepfunctions.execution(&evidence.executions.first()?.arn).ok()?;
    execution.history().ending().map(|(ending, _)| ending.status())
}

/// Of each attempt that launched something or is told of.
fn attempts(evidence: &Evidence<'_>) -> Vec<Attempt> {
    let Some(lived) = evidence.executions.first() else { return Vec::new() };
    let ending = ending(evidence.account, &lived.arn).ok().flatten();
    let outcome = ending.as_ref().map(outcome).unwrap_or_default();
    let tagged: Vec<_> =
        evidence.account.ec2.instances().iter().filter_map(|instance| number(instance)).collect();
    let told = outcome["attempts"].as_array().map_or(&[][..], Vec::as_slice);
    let last = tagged.iter().copied().max().unwrap_or_default().max(told.len());
    let runs = evidence.machines.runs();
    let attempt = |number: usize| {
        let attempt = u32::try_from(number).unwrap_or_default();
        let id = AttemptId { execution: ExecutionId::new(&lived.arn), attempt };
        let comment = id.fingerprint();
        Attempt {
            told: told
                .get(number - 1)
                .and_then(|record| serde_json::from_value(record["status"].clone()).ok()),
            launched: tagged.iter().filter(|tag| **tag == number).count(),
            started: runs.iter().filter(|run| run.comment == comment).count(),
        }
    };
    (1..=last).map(attempt).collect()
}

/// The attempt that an instance was launched by.
fn number(instance: &ec2_ops_sandbox::ec2::InstanceRecord) -> Option<usize> {
    let tag = instance.instance.tags.iter().find(|tag| tag.key == "ec2-ops:attempt")?;
    tag.value.parse().ok()
}
