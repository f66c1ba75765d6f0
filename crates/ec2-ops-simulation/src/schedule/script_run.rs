//! What really happened on the instances.

use std::collections::{HashMap, HashSet};

use crate::faults::InstanceFault;
use ec2_ops_sandbox::ssm::ScriptEnd;

/// One start of an attempt's script.
#[derive(Clone, Debug)]
pub(crate) struct ScriptRun {
    pub(crate) instance: String,
    /// The attempt's fingerprint.
    pub(crate) comment: String,
    /// How the script ended, if its machine did not end first.
    pub(crate) ended: Option<ScriptEnd>,
    pub(crate) wrote_output: bool,
    /// Whether a background process held the output open after the end, so that SSM saw no end before the limit.
    pub(crate) held_open: bool,
}

/// Everything that happened on the instances of one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct InstanceHistory {
    pub(crate) script_runs: Vec<ScriptRun>,
    /// The fault that each instance had, by its id.
    pub(crate) faults: HashMap<String, InstanceFault>,
    /// The instances whose tags a person has edited.
    pub(crate) tags_edited: HashSet<String>,
}

impl InstanceHistory {
    /// The fault that the instance had.
    pub(crate) fn fault_of(&self, instance: &str) -> Option<InstanceFault> {
        self.faults.get(instance).copied()
    }

    /// The first start of the script with that comment.
    pub(crate) fn script_run(&self, comment: &str) -> Option<&ScriptRun> {
        self.script_runs.iter().find(|run| run.comment == comment)
    }
}
