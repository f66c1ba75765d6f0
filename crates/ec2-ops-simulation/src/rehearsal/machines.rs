//! Instances on which every script runs for the same time, and succeeds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use ec2_ops_sandbox::MachineEvent;
use ec2_ops_sandbox::ec2::{Hypervisor, InstanceFacts};
use ec2_ops_sandbox::ssm::{EndStatus, Runner, Script, ScriptEnd};

/// From `running` to an agent that is online: a small Linux instance takes about as long.
const BOOT: Duration = Duration::from_secs(20);

/// The machines of a rehearsal.
pub(super) struct OneScript {
    runs_for: Duration,
    events: mpsc::UnboundedSender<MachineEvent>,
}

impl OneScript {
    pub(super) fn new(runs_for: Duration) -> (Arc<Self>, mpsc::UnboundedReceiver<MachineEvent>) {
        let (events, received) = mpsc::unbounded_channel();
        (Arc::new(Self { runs_for, events }), received)
    }

    fn tell_in(&self, delay: Duration, event: MachineEvent) {
        let events = self.events.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            // Nobody listens any more once the rehearsal is over.
            let _ = events.send(event);
        });
    }
}

impl Hypervisor for OneScript {
    fn power_on(&self, facts: &InstanceFacts) {
        self.tell_in(BOOT, MachineEvent::Ready { instance: facts.instance_id.clone() });
    }

    fn power_off(&self, _: &str) {}
}

impl Runner for OneScript {
    fn run(&self, _: &str, script: &Script) {
        let (after, status, exit_code) = if self.runs_for < script.timeout {
            (self.runs_for, EndStatus::Success, 0)
        } else {
            (script.timeout, EndStatus::TimedOut, 137)
        };
        let end = ScriptEnd { status, exit_code, stdout: String::new(), stderr: String::new(), files: None };
        self.tell_in(after, MachineEvent::Ended { command: script.command_id.clone(), end });
    }

    fn cancel(&self, _: &str, _: &str) {}
}
