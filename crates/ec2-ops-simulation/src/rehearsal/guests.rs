//! Instances on which every script runs for the same time and succeeds.

use std::time::Duration;

use crate::harness::{Guests, Machines, PowerCycle, script_end};
use ec2_ops_sandbox::ssm::Script;

/// The guests of a rehearsal.
pub(super) struct SteadyGuests {
    pub(super) boots_for: Duration,
    pub(super) runs_for: Duration,
}

impl Guests for SteadyGuests {
    fn boot(&self, machines: &Machines<Self>, cycle: PowerCycle) {
        machines.later(self.boots_for, cycle, |machines, cycle| machines.ready(cycle.instance));
    }

    fn run(&self, machines: &Machines<Self>, cycle: PowerCycle, script: &Script) {
        let (command, end) = (script.command_id.clone(), script_end(self.runs_for >= script.timeout, 0));
        machines.later(self.runs_for.min(script.timeout), cycle, |machines, _| machines.ended(command, end));
    }
}
