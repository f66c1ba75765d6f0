//! What can be observed of an execution from outside, the same in process and over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use ec2_ops::Status;
use ec2_ops::ids::{AttemptId, ExecutionId};

use crate::harness::executions;
use crate::invariants::{self, Evidence, ExecutionRecord, Invariant, Violation};
use crate::schedule::{InstanceHistory, Schedule};
use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::ec2::InstanceRecord;
use ec2_ops_sandbox::fault_plan::FaultPlan;

/// What happened to an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The status with which it ended, in the words of Step Functions. Empty if it has not ended.
    pub status: &'static str,
    /// Each attempt.
    pub attempts: Vec<Attempt>,
    /// The states of all its instances, in alphabetical order.
    pub instances: Vec<&'static str>,
    /// How many of its volumes are left.
    pub volumes: usize,
    /// The faults that did not happen.
    pub unfired: Vec<String>,
    /// The promises that were broken.
    pub broken: BTreeSet<Invariant>,
}

/// What happened to one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its status in the outcome, if there is one.
    pub reported: Option<Status>,
    /// How many candidates it reports as tried in vain.
    pub tried: usize,
    /// How many instances it launched.
    pub launched: usize,
    /// How often its commands really started.
    pub started: usize,
}

impl Observed {
    /// What can be observed of the one execution of `schedule`, and the promises that it broke.
    pub(super) fn of(
        account: &Account,
        schedule: &Schedule,
        history: &InstanceHistory,
        execution: &ExecutionRecord,
        faults: &FaultPlan,
    ) -> (Self, Vec<Violation>) {
        let executions = [Some(execution.clone())];
        let evidence = Evidence {
            account,
            schedule,
            history,
            executions: &executions,
            fleet: None,
            bystanders: &[],
            orphan: None,
            roles: &BTreeMap::new(),
        };
        let violations = invariants::check(&evidence).violations;
        let ending = executions::ending(account, &execution.arn).ok().flatten();
        let outcome = ending.as_ref().map(executions::outcome).unwrap_or_default();
        let records = account.ec2.instances();
        let mut instances: Vec<_> = records.iter().map(|instance| instance.state().as_str()).collect();
        instances.sort_unstable();
        let reported = outcome["attempts"].as_array().map_or(&[][..], Vec::as_slice);
        let launches: Vec<_> = records.iter().filter_map(|instance| attempt_of(instance)).collect();
        let observed = Self {
            status: ending.map(|ending| ending.status()).unwrap_or_default(),
            attempts: attempts(&execution.arn, reported, &launches, history),
            instances,
            volumes: account.ec2.volumes().len(),
            unfired: faults.unfired().iter().map(ToString::to_string).collect(),
            broken: violations.iter().map(|violation| violation.invariant).collect(),
        };
        (observed, violations)
    }
}

/// Each attempt that launched something or is in the outcome.
fn attempts(
    arn: &str,
    reported: &[serde_json::Value],
    launches: &[usize],
    history: &InstanceHistory,
) -> Vec<Attempt> {
    let last = launches.iter().copied().max().unwrap_or_default().max(reported.len());
    let attempt = |number: usize| {
        let attempt = u32::try_from(number).unwrap_or_default();
        let comment = AttemptId { execution: ExecutionId::new(arn), attempt }.fingerprint();
        Attempt {
            reported: reported
                .get(number - 1)
                .and_then(|record| serde_json::from_value(record["status"].clone()).ok()),
            tried: reported.get(number - 1).and_then(|record| record["tried"].as_array()).map_or(0, Vec::len),
            launched: launches.iter().filter(|launch| **launch == number).count(),
            started: history.script_runs.iter().filter(|run| run.comment == comment).count(),
        }
    };
    (1..=last).map(attempt).collect()
}

/// The number of the attempt that launched an instance.
fn attempt_of(instance: &InstanceRecord) -> Option<usize> {
    let tag = instance.instance.tags.iter().find(|tag| tag.key == "ec2-ops:attempt")?;
    tag.value.parse().ok()
}
