//! Instances that boot slowly, run their commands for a while, and write their output.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::mpsc;

use super::Options;
use ec2_ops_sandbox::MachineEvent;
use ec2_ops_sandbox::ec2::{Hypervisor, InstanceFacts};
use ec2_ops_sandbox::lock;
use ec2_ops_sandbox::s3::S3;
use ec2_ops_sandbox::ssm::{EndStatus, Runner, Script, ScriptEnd};

/// The bucket that all executions write to.
pub(super) const BUCKET: &str = "output";

/// The machines of the account.
pub(super) struct Machines {
    options: Options,
    events: mpsc::UnboundedSender<MachineEvent>,
    state: Mutex<State>,
    this: Weak<Self>,
}

struct State {
    rng: Rng,
    /// Where the commands write to.
    s3: Option<Arc<S3>>,
    /// The images of the machines that are on.
    on: HashMap<String, String>,
}

impl Machines {
    pub(super) fn new(options: Options) -> (Arc<Self>, mpsc::UnboundedReceiver<MachineEvent>) {
        let (events, received) = mpsc::unbounded_channel();
        let state = State { rng: Rng::with_seed(options.seed), s3: None, on: HashMap::new() };
        let machines =
            Arc::new_cyclic(|this| Self { options, events, state: Mutex::new(state), this: this.clone() });
        (machines, received)
    }

    /// Gives the commands somewhere to write to.
    pub(super) fn write_to(&self, s3: Option<Arc<S3>>) {
        lock(&self.state).s3 = s3;
    }

    /// Does something after a time between the two of `range`, if the machine is on by then.
    fn later(
        &self,
        range: (Duration, Duration),
        instance: &str,
        then: impl FnOnce(&Self, String) + Send + 'static,
    ) {
        let delay = range.0 + range.1.saturating_sub(range.0).mul_f64(lock(&self.state).rng.f64());
        let (this, instance) = (self.this.clone(), instance.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let Some(machines) = this.upgrade() else { return };
            if lock(&machines.state).on.contains_key(&instance) {
                then(&machines, instance);
            }
        });
    }

    fn tell(&self, event: MachineEvent) {
        // The account outlives its machines.
        let _ = self.events.send(event);
    }
}

/// The image of the nth execution: by it a machine knows whose it is.
pub(super) fn image(index: usize) -> String {
    format!("ami-0{index:015x}1")
}

/// The object that the commands on a machine from `image` write.
pub(super) fn key(image: &str) -> String {
    format!("runs/{image}")
}

impl Hypervisor for Machines {
    fn power_on(&self, facts: &InstanceFacts) {
        lock(&self.state).on.insert(facts.instance_id.clone(), facts.image_id.clone());
        self.later(self.options.agent, &facts.instance_id, |machines, instance| {
            machines.tell(MachineEvent::Ready { instance });
        });
    }

    fn power_off(&self, instance_id: &str) {
        lock(&self.state).on.remove(instance_id);
    }
}

impl Runner for Machines {
    fn run(&self, instance_id: &str, script: &Script) {
        let command = script.command_id.clone();
        self.later(self.options.commands, instance_id, |machines, instance| {
            {
                let state = lock(&machines.state);
                if let Some((s3, image)) = state.s3.as_ref().zip(state.on.get(&instance)) {
                    // The bucket is there from the start.
                    let _ = s3.put_object(BUCKET, &key(image), "output");
                }
            }
            let (stdout, stderr) = (String::new(), String::new());
            let end = ScriptEnd { status: EndStatus::Success, exit_code: 0, stdout, stderr, files: None };
            machines.tell(MachineEvent::Ended { command, end });
        });
    }

    fn cancel(&self, _: &str, _: &str) {}
}
