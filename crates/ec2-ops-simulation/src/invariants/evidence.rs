//! What the promises are checked against.

use std::collections::BTreeMap;
use std::sync::Arc;

use ec2_ops_asl::Ending;

use super::fleet::FleetRecord;
use crate::harness::executions;
use crate::schedule::{InstanceHistory, Schedule};
use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::iam::Role;

/// What follows an execution's end from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aftermath {
    /// Its instance ends in time.
    CleanedUp,
    /// An instance of it runs too long, in an account without other faults.
    LeftRunning,
    /// A person redrives it.
    Redriven,
}

/// What happened to one execution.
#[derive(Clone, Debug)]
pub(crate) struct ExecutionRecord {
    pub(crate) arn: String,
    /// Whether it ended within its bound of virtual time.
    pub(crate) in_time: bool,
    /// What followed its end from outside, if it had one.
    pub(crate) aftermath: Aftermath,
    /// Whether an instance of it ran when it ended by itself.
    pub(crate) ended_too_soon: bool,
}

impl ExecutionRecord {
    /// Whether the execution came to an end of its own, with an outcome.
    pub(crate) fn ended_by_itself(&self, evidence: &Evidence<'_>) -> bool {
        let ending = executions::ending(evidence.account, &self.arn).ok().flatten();
        matches!(ending, Some(Ending::Succeeded { .. } | Ending::Failed { .. }))
    }
}

/// What happened in one account.
pub(crate) struct Evidence<'a> {
    pub(crate) account: &'a Account,
    pub(crate) schedule: &'a Schedule,
    pub(crate) history: &'a InstanceHistory,
    /// Of each execution of the schedule. A fleet may not have started all of its rows.
    pub(crate) executions: &'a [Option<ExecutionRecord>],
    /// The fleet whose rows they are.
    pub(crate) fleet: Option<&'a FleetRecord>,
    /// Instances that are not of this deployment.
    pub(crate) bystanders: &'a [String],
    /// The instance whose execution never existed.
    pub(crate) orphan: Option<&'a str>,
    /// The roles of the functions, which know what was asked of them.
    pub(crate) roles: &'a BTreeMap<&'static str, Arc<Role>>,
}
