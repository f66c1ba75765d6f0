//! EC2: instances and their volumes, as strict with its callers as the real service.
//!
//! [`Ec2`] is a handle on the whole account, in all regions. Each action is a method that takes the region and a typed
//! request ([`api`]). The state is synchronous: a change queues its effects (an event, a guest's power, a timer) in an
//! outbox, in the order of the changes. They are carried out after the lock is released, so subscribers and the
//! hypervisor may call back.

mod actions;
pub mod api;
mod config;
mod fault;
mod hypervisor;
mod ids;
mod incidents;
mod instance_types;
mod service;
mod state;
#[cfg(test)]
mod tests;

pub use config::{Capacity, Ec2Config, Images, Missing, Protection, Shortage, Times};
pub use hypervisor::{Hypervisor, InstanceFacts, NoHypervisor};
pub(crate) use service::SERVICE;
pub use state::{InstanceRecord, ShutdownBehavior, VolumeRecord};

use std::sync::{Arc, Mutex};

use state::{Effect, State};

use crate::Platform;
use crate::lock::lock;

/// EC2 of one account. Clones share the state. Its methods must be called inside a tokio runtime; the transitions
/// follow the runtime's clock.
#[derive(Clone)]
pub struct Ec2 {
    shared: Arc<Shared>,
}

struct Shared {
    platform: Arc<Platform>,
    hypervisor: Arc<dyn Hypervisor>,
    config: Arc<Ec2Config>,
    state: Mutex<State>,
}

impl Ec2 {
    /// An account without instances. Events go to the platform's bus, guests to `hypervisor`.
    pub fn new(platform: Arc<Platform>, hypervisor: Arc<dyn Hypervisor>, config: Ec2Config) -> Self {
        let config = Arc::new(config);
        let state = Mutex::new(State::new(Arc::clone(&platform), Arc::clone(&config)));
        Self { shared: Arc::new(Shared { platform, hypervisor, config, state }) }
    }

    /// The account's number.
    pub(crate) fn account_id(&self) -> &str {
        &self.shared.platform.account_id
    }

    /// The account's quota of vCPUs, for each market and group of families.
    pub(crate) fn vcpus(&self) -> Option<u32> {
        self.shared.config.vcpus
    }

    /// Every instance of the account, in the order of ids, visible to the API or not.
    pub fn instances(&self) -> Vec<Arc<InstanceRecord>> {
        self.act(|state| state.instances.iter().map(|(_, row)| Arc::clone(row)).collect())
    }

    /// Every volume of the account, in the order of ids.
    pub fn volumes(&self) -> Vec<Arc<VolumeRecord>> {
        self.act(|state| state.volumes.iter().map(|(_, row)| Arc::clone(row)).collect())
    }

    /// The instance, whether or not API calls see it.
    pub fn instance(&self, id: &str) -> Option<Arc<InstanceRecord>> {
        self.act(|state| state.instances.get(id).map(Arc::clone))
    }

    /// The volume, whether or not API calls see it.
    pub(crate) fn volume(&self, id: &str) -> Option<Arc<VolumeRecord>> {
        self.act(|state| state.volumes.get(id).map(Arc::clone))
    }

    /// Applies `change` to the state, then carries out the effects that it queued.
    fn act<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = {
            let mut state = lock(&self.shared.state);
            state.forget_expired();
            change(&mut state)
        };
        self.deliver();
        result
    }

    /// Empties the outbox, in order. One caller does it at a time, so that no event overtakes another. Any other caller
    /// (a subscriber that calls back, another thread) leaves its effects to that one.
    fn deliver(&self) {
        let Some(mut delivery) = Delivery::begin(&self.shared.state) else {
            return;
        };
        while let Some(effect) = delivery.next() {
            self.carry_out(effect);
        }
    }

    fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::Publish(event) => self.shared.platform.events.publish(&event),
            Effect::PowerOn(facts) => self.shared.hypervisor.power_on(&facts),
            Effect::PowerOff(id) => self.shared.hypervisor.power_off(&id),
            Effect::Reboot(facts) => self.shared.hypervisor.reboot(&facts),
            Effect::After(delay, timer) => {
                let ec2 = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    ec2.act(|state| state.fire(timer));
                });
            }
        }
    }
}

/// The sole right to empty the outbox; given back when dropped, even by a subscriber's panic.
struct Delivery<'a> {
    state: &'a Mutex<State>,
    ended: bool,
}

impl<'a> Delivery<'a> {
    fn begin(state: &'a Mutex<State>) -> Option<Self> {
        let mut guard = lock(state);
        if guard.delivering || guard.outbox.is_empty() {
            return None;
        }
        guard.delivering = true;
        Some(Self { state, ended: false })
    }

    /// The oldest effect. Finding none and ending the delivery are one step, so that nothing is left behind.
    fn next(&mut self) -> Option<Effect> {
        let mut guard = lock(self.state);
        let effect = guard.outbox.pop_front();
        if effect.is_none() {
            guard.delivering = false;
            self.ended = true;
        }
        effect
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        if !self.ended {
            lock(self.state).delivering = false;
        }
    }
}
