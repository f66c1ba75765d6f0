//! The machines behind a world's instances: switched on and off by EC2, and sent scripts by SSM.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use ec2_ops_sandbox::ec2::{Hypervisor, InstanceFacts};
use ec2_ops_sandbox::ssm::{EndStatus, Runner, Script, ScriptEnd};
use ec2_ops_sandbox::{Account, MachineEvent, lock};

/// What happens on the instances of one world.
pub(crate) trait Guests: Sized + Send + Sync + 'static {
    /// A machine was switched on.
    fn boot(&self, machines: &Machines<Self>, cycle: PowerCycle);

    /// A machine that is on was sent a script.
    fn run(&self, machines: &Machines<Self>, cycle: PowerCycle, script: &Script);

    /// A machine that is on was asked to end the script of `command`.
    fn cancel(&self, _machines: &Machines<Self>, _cycle: PowerCycle, _command: &str) {}

    /// A machine was switched off.
    fn powered_off(&self, _instance: &str) {}
}

/// One power cycle of an instance. What was begun in it ends with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PowerCycle {
    pub(crate) instance: String,
    pub(crate) region: String,
    /// The image that the instance was launched from.
    pub(crate) image: String,
    number: u64,
}

/// The machines of one account.
pub(crate) struct Machines<G> {
    pub(crate) guests: G,
    events: mpsc::UnboundedSender<MachineEvent>,
    /// The account that the machines belong to, until the world ends.
    account: Mutex<Option<Account>>,
    power: Mutex<Power>,
    this: Weak<Self>,
}

#[derive(Default)]
struct Power {
    cycles: u64,
    /// The present power cycle of each machine that is on.
    on: HashMap<String, PowerCycle>,
}

impl<G: Guests> Machines<G> {
    /// Machines with these `guests`, and what an account hears of them.
    pub(crate) fn new(guests: G) -> (Arc<Self>, mpsc::UnboundedReceiver<MachineEvent>) {
        let (events, received) = mpsc::unbounded_channel();
        let machines = Arc::new_cyclic(|this| Self {
            guests,
            events,
            account: Mutex::default(),
            power: Mutex::default(),
            this: this.clone(),
        });
        (machines, received)
    }

    /// Sets the account that the machines belong to. Each holds the other, so `None` must follow at the end.
    pub(crate) fn belong_to(&self, account: Option<Account>) {
        *lock(&self.account) = account;
    }

    /// The account that the machines belong to.
    pub(crate) fn account(&self) -> Option<Account> {
        lock(&self.account).clone()
    }

    /// Does something in `delay`, unless the power cycle is over by then.
    pub(crate) fn later(
        &self,
        delay: Duration,
        cycle: PowerCycle,
        then: impl FnOnce(&Self, PowerCycle) + Send + 'static,
    ) {
        let this = self.this.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let Some(machines) = this.upgrade() else { return };
            let lasts = lock(&machines.power).on.get(&cycle.instance) == Some(&cycle);
            if lasts {
                then(&machines, cycle);
            }
        });
    }

    /// Reports to the account that the agent of a machine can take commands.
    pub(crate) fn ready(&self, instance: String) {
        self.report(MachineEvent::Ready { instance });
    }

    /// Reports to the account that the script of `command` has ended.
    pub(crate) fn ended(&self, command: String, end: ScriptEnd) {
        self.report(MachineEvent::Ended { command, end });
    }

    /// Reports to the account that a machine shuts down by itself.
    pub(crate) fn shut_down(&self, instance: String) {
        self.report(MachineEvent::ShutdownRequested { instance, restart: false });
    }

    fn cycle_of(&self, instance: &str) -> Option<PowerCycle> {
        lock(&self.power).on.get(instance).cloned()
    }

    fn report(&self, event: MachineEvent) {
        // At the end of a world its account stops listening before its machines do.
        let _ = self.events.send(event);
    }
}

impl<G: Guests> Hypervisor for Machines<G> {
    fn power_on(&self, facts: &InstanceFacts) {
        let cycle = {
            let mut power = lock(&self.power);
            power.cycles += 1;
            let cycle = PowerCycle {
                instance: facts.instance_id.clone(),
                region: facts.region.clone(),
                image: facts.image_id.clone(),
                number: power.cycles,
            };
            power.on.insert(cycle.instance.clone(), cycle.clone());
            cycle
        };
        self.guests.boot(self, cycle);
    }

    fn power_off(&self, instance_id: &str) {
        lock(&self.power).on.remove(instance_id);
        self.guests.powered_off(instance_id);
    }
}

impl<G: Guests> Runner for Machines<G> {
    fn run(&self, instance_id: &str, script: &Script) {
        if let Some(cycle) = self.cycle_of(instance_id) {
            self.guests.run(self, cycle, script);
        }
    }

    fn cancel(&self, instance_id: &str, command_id: &str) {
        if let Some(cycle) = self.cycle_of(instance_id) {
            self.guests.cancel(self, cycle, command_id);
        }
    }
}

/// How a script ends that its limit has killed, or that exits with `exit_code`. It prints nothing.
pub(crate) fn script_end(timed_out: bool, exit_code: i32) -> ScriptEnd {
    let (status, exit_code) = match (timed_out, exit_code) {
        (true, _) => (EndStatus::TimedOut, 137),
        (false, 0) => (EndStatus::Success, 0),
        (false, code) => (EndStatus::Failed, code),
    };
    ScriptEnd { status, exit_code, stdout: String::new(), stderr: String::new(), files: None }
}
