//! Incidents: what happens to instances without a call of their owner, caused by the simulation or the command line.

use super::Ec2;
use super::api::InstanceStateName;
use super::fault;
use super::state::{Cause, InstanceRecord, ShutdownBehavior, State};
use crate::AwsError;

impl Ec2 {
    /// EC2 wants a Spot Instance back: the interruption warning now, the termination after the notice
    /// ([`Times::spot_notice`](super::Times::spot_notice)), unless it ended before.
    pub fn interrupt_spot(&self, id: &str) -> Result<(), AwsError> {
        self.act(|state| {
            let record = any_region(state, id)?;
            if !record.is_spot() {
                let message = format!("the instance {id} is on demand; EC2 interrupts only Spot Instances");
                return Err(fault::invalid_parameter(message));
            }
            if record.state() != InstanceStateName::Running {
                return Err(fault::incorrect_state(id, "interrupted"));
            }
            state.warn_of_interruption(id);
            Ok(())
        })
    }

    /// The instance's machine fails: it terminates with `Server.InternalError`.
    pub fn vanish(&self, id: &str) -> Result<(), AwsError> {
        self.act(|state| {
            any_region(state, id)?;
            state.shut(id, InstanceStateName::ShuttingDown, Cause::Internal);
            Ok(())
        })
    }

    /// Another user stops the instance, for example in the console.
    pub fn stop_from_outside(&self, id: &str) -> Result<(), AwsError> {
        self.act(|state| {
            let record = any_region(state, id)?;
            if record.is_spot() {
                return Err(fault::spot_cannot_stop(id));
            }
            if record.state() != InstanceStateName::Running {
                return Err(fault::incorrect_state(id, "stopped"));
            }
            state.shut(id, InstanceStateName::Stopping, Cause::User);
            Ok(())
        })
    }

    /// The guest of the running instance restarts. The state does not change, and there is no event.
    pub fn reboot(&self, id: &str) -> Result<(), AwsError> {
        self.act(|state| {
            if any_region(state, id)?.state() != InstanceStateName::Running {
                return Err(fault::incorrect_state(id, "rebooted"));
            }
            state.reboot(id);
            Ok(())
        })
    }

    /// The running instance's guest shut down: it stops or terminates, as its launch chose. A one-time Spot Instance
    /// cannot stop, so it terminates.
    pub fn guest_shutdown(&self, id: &str) -> Result<(), AwsError> {
        self.act(|state| {
            let record = any_region(state, id)?;
            if record.state() != InstanceStateName::Running {
                return Err(fault::incorrect_state(id, "shut down"));
            }
            let stops = record.shutdown_behavior == ShutdownBehavior::Stop && !record.is_spot();
            let to = if stops { InstanceStateName::Stopping } else { InstanceStateName::ShuttingDown };
            state.shut(id, to, Cause::Guest);
            Ok(())
        })
    }
}

/// The instance, in any region, visible or not.
fn any_region<'a>(state: &'a State, id: &str) -> Result<&'a InstanceRecord, AwsError> {
    state.instances.get(id).map(AsRef::as_ref).ok_or_else(|| fault::instances_not_found(&[id]))
}
