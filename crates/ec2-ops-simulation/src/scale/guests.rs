//! Instances that boot slowly, run their commands for a while, and write their output.

use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;

use super::options::Options;
use crate::harness::{Guests, Machines, PowerCycle, script_end};
use ec2_ops_sandbox::lock;
use ec2_ops_sandbox::ssm::Script;

/// The bucket that all executions write to.
pub(super) const BUCKET: &str = "output";

/// The guests of the account.
pub(super) struct ProductiveGuests {
    options: Options,
    rng: Mutex<Rng>,
}

impl ProductiveGuests {
    pub(super) fn new(options: Options) -> Self {
        Self { options, rng: Mutex::new(Rng::with_seed(options.seed)) }
    }

    /// A time between the two of `range`.
    fn between(&self, range: (Duration, Duration)) -> Duration {
        range.0 + range.1.saturating_sub(range.0).mul_f64(lock(&self.rng).f64())
    }
}

/// The image of the nth execution, by which the execution of a machine is known.
pub(super) fn image(index: usize) -> String {
    format!("ami-0{index:015x}1")
}

/// The object that the commands on a machine from `image` write.
pub(super) fn key(image: &str) -> String {
    format!("runs/{image}")
}

impl Guests for ProductiveGuests {
    fn boot(&self, machines: &Machines<Self>, cycle: PowerCycle) {
        machines.later(self.between(self.options.agent), cycle, |machines, cycle| {
            machines.ready(cycle.instance);
        });
    }

    fn run(&self, machines: &Machines<Self>, cycle: PowerCycle, script: &Script) {
        let command = script.command_id.clone();
        machines.later(self.between(self.options.commands), cycle, |machines, cycle| {
            if let Some(account) = machines.account() {
                // The bucket is there from the start.
                let _ = account.s3.put_object(BUCKET, &key(&cycle.image), "output");
            }
            machines.ended(command, script_end(false, 0));
        });
    }
}
