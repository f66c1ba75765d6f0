//! How an instance goes from one state to the next.

use std::time::Duration;

use jiff::Timestamp;

use super::{Effect, State, Timer, effects};
use crate::ec2::api::{InstanceStateName, StateReason};
use crate::ec2::hypervisor::InstanceFacts;

/// Why an instance stops or terminates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ec2) enum Cause {
    /// A caller of the API asked for it.
    User,
    /// The guest shut itself down.
    Guest,
    /// EC2 took a Spot Instance back.
    Spot,
    /// The machine failed.
    Internal,
}

impl Cause {
    /// `StateReason`, as EC2 writes it.
    fn reason(self) -> StateReason {
        let (code, text) = match self {
            Self::User => ("Client.UserInitiatedShutdown", "User initiated shutdown"),
            Self::Guest => ("Client.InstanceInitiatedShutdown", "Instance initiated shutdown"),
            Self::Spot => ("Server.SpotInstanceTermination", "Spot instance termination"),
            Self::Internal => ("Server.InternalError", "Internal error on launch"),
        };
        StateReason { code: code.to_owned(), message: format!("{code}: {text}") }
    }

    /// `StateTransitionReason`, as EC2 writes it.
    fn transition(self, now: Timestamp) -> String {
        match self {
            Self::User => format!("User initiated ({} GMT)", now.strftime("%Y-%m-%d %H:%M:%S")),
            Self::Guest => "Instance initiated shutdown".to_owned(),
            Self::Spot | Self::Internal => self.reason().code,
        }
    }
}

impl State {
    /// Begins to stop or to terminate the instance. Does nothing if its state does not allow that.
    pub(in crate::ec2) fn shut(&mut self, id: &str, to: InstanceStateName, cause: Cause) {
        let now = self.now();
        let Some(record) = self.instances.edit(id) else {
            return;
        };
        if record.state().may_become(to) {
            record.instance.state_reason = Some(cause.reason());
            record.instance.state_transition_reason = cause.transition(now);
            self.turn(id, to);
        }
    }

    /// Puts the instance into state `to`, publishes that, and sets the timer that ends a transition. Does nothing if `to`
    /// cannot follow the present state: another change came first.
    pub(in crate::ec2) fn turn(&mut self, id: &str, to: InstanceStateName) {
        let Some(record) = self.instances.edit(id) else {
            return;
        };
        let from = record.instance.state.name;
        if !from.may_become(to) {
            return;
        }
        record.instance.state = to.into();
        record.turns += 1;
        self.announce(id);
        if from == InstanceStateName::Running {
            self.outbox.push_back(Effect::PowerOff(id.to_owned()));
        }
        match to {
            InstanceStateName::Running => self.boot(id, Effect::PowerOn),
            InstanceStateName::Terminated => self.end(id),
            _ => {}
        }
    }

    /// Publishes the instance's state, and sets the timer that ends it if it is a transition.
    pub(in crate::ec2) fn announce(&mut self, id: &str) {
        let Some(record) = self.instances.get(id) else {
            return;
        };
        let state = record.state();
        let event = effects::state_change(&self.platform.account_id, &record.region, id, state);
        let turn = record.turns;
        self.outbox.push_back(Effect::Publish(event));
        if let Some((to, (low, high))) = self.arrival(state) {
            let timer = Timer::Arrive { instance_id: id.to_owned(), turn, to };
            let delay = self.platform.between(low, high);
            self.outbox.push_back(Effect::After(delay, timer));
        }
    }

    /// Where a transition leads and how long it takes; nothing for a state that lasts.
    fn arrival(&self, state: InstanceStateName) -> Option<(InstanceStateName, (Duration, Duration))> {
        let times = &self.config.times;
        match state {
            InstanceStateName::Pending => Some((InstanceStateName::Running, times.pending)),
            InstanceStateName::Stopping => Some((InstanceStateName::Stopped, times.stopping)),
            InstanceStateName::ShuttingDown => Some((InstanceStateName::Terminated, times.shutting_down)),
            _ => None,
        }
    }

    /// Boots the guest of a running instance, by that effect.
    fn boot(&mut self, id: &str, effect: fn(InstanceFacts) -> Effect) {
        if let Some(record) = self.instances.edit(id) {
            record.boots += 1;
            record.instance.state_reason = None;
            if record.instance.monitoring.state == "pending" {
                "enabled".clone_into(&mut record.instance.monitoring.state);
            }
            self.outbox.push_back(effect(record.facts()));
        }
    }

    /// Starts a stopped instance; does nothing to another.
    pub(in crate::ec2) fn start(&mut self, id: &str) {
        let now = self.now();
        if let Some(record) =
            self.instances.edit(id).filter(|record| record.state() == InstanceStateName::Stopped)
        {
            record.instance.launch_time = now;
            record.instance.state_reason = None;
            record.instance.state_transition_reason.clear();
            self.turn(id, InstanceStateName::Pending);
        }
    }

    /// Ends the guest of a running instance and boots it again.
    pub(in crate::ec2) fn reboot(&mut self, id: &str) {
        self.boot(id, Effect::Reboot);
    }

    /// Releases the resources of a terminated instance. The instance stays visible for a while.
    fn end(&mut self, id: &str) {
        let now = self.now();
        self.release_volumes(id);
        let Some(record) = self.instances.edit(id) else {
            return;
        };
        record.terminated_at = Some(now);
        record.instance.block_device_mappings.clear();
        record.instance.private_ip_address = None;
        record.instance.private_dns_name.clear();
        if let Some(key) = record.token.clone() {
            self.used_tokens.push_back((now, key));
        }
        self.terminated.push_back((now, id.to_owned()));
    }

    /// Warns a running Spot Instance, and takes it back once the notice is over.
    pub(in crate::ec2) fn warn_of_interruption(&mut self, id: &str) {
        let Some(record) = self.instances.get(id) else {
            return;
        };
        let zone = record.instance.placement.availability_zone.clone().unwrap_or_default();
        let event = effects::interruption_warning(&record.region, &zone, id);
        let timer = Timer::Reclaim { instance_id: id.to_owned() };
        self.outbox.push_back(Effect::Publish(event));
        self.outbox.push_back(Effect::After(self.config.times.spot_notice, timer));
    }

    /// Carries out what a timer was set for, unless the instance has changed since.
    pub(in crate::ec2) fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Arrive { instance_id, turn, to } => {
                let current = self.instances.get(&instance_id).is_some_and(|record| record.turns == turn);
                if current {
                    self.turn(&instance_id, to);
                }
            }
            Timer::Reclaim { instance_id } => {
                self.shut(&instance_id, InstanceStateName::ShuttingDown, Cause::Spot);
            }
            Timer::Create { volume_id } => self.created(&volume_id),
            Timer::Vanish { volume_id } => {
                self.volumes.remove(&volume_id);
            }
        }
    }
}
