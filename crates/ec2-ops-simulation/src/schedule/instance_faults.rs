//! Faults of instances, as they happen.

use super::guests::{Instance, ScheduledGuests};
use super::instance::{PlannedFault, Trigger};
use crate::faults::{FaultKind, InstanceFault};
use crate::harness::{Machines, PowerCycle};
use ec2_ops_sandbox::ec2::api::{CreateTagsRequest, Tag};
use ec2_ops_sandbox::ssm::api::CancelCommandRequest;
use ec2_ops_sandbox::{Account, AwsError, lock};

impl ScheduledGuests {
    /// Lets the instance's fault happen in its time, if it is planned to come after `trigger`.
    pub(super) fn await_fault(&self, machines: &Machines<Self>, cycle: PowerCycle, trigger: Trigger) {
        let planned = lock(&self.state).instances.get(&cycle.instance).and_then(|i| i.scenario.fault);
        if let Some(planned) = planned.filter(|planned| planned.after == trigger) {
            machines.later(planned.delay, cycle, |machines, cycle| machines.guests.inject(machines, cycle));
        }
    }

    fn inject(&self, machines: &Machines<Self>, cycle: PowerCycle) {
        let Some(account) = machines.account() else { return };
        let id = cycle.instance.clone();
        // It happens once, however many power cycles come.
        let take = |instance: &mut Instance| {
            let PlannedFault { fault, .. } = instance.scenario.fault.take()?;
            instance.agent_dead |= fault == InstanceFault::AgentDies;
            instance.notices_reboots |= fault == InstanceFault::RebootsAndShutsDown;
            Some(fault)
        };
        let Some(fault) = lock(&self.state).instances.get_mut(&id).and_then(take) else { return };
        let done = match fault {
            InstanceFault::Vanishes => account.ec2.vanish(&id),
            InstanceFault::StoppedFromOutside => account.ec2.stop_from_outside(&id),
            InstanceFault::Reboots | InstanceFault::RebootsAndShutsDown => account.ec2.reboot(&id),
            InstanceFault::SpotInterruption => account.ec2.interrupt_spot(&id),
            InstanceFault::CommandsCancelled => self.cancel_commands(&account, &cycle),
            InstanceFault::AgentDies => {
                account.ssm.agent_offline(&id);
                Ok(())
            }
            InstanceFault::AgentPauses => {
                account.ssm.agent_offline(&id);
                let pause = self.faults.millis(30_000..400_000);
                machines.later(pause, cycle, |machines, cycle| machines.ready(cycle.instance));
                Ok(())
            }
        };
        // EC2 refuses some faults, as an interruption of an on-demand instance. Those did not happen.
        if done.is_ok() {
            let mut state = lock(&self.state);
            if !state.has_run(&id) {
                self.faults.count(FaultKind::BeforeCommands);
            }
            if let Some(instance) = state.instances.get_mut(&id) {
                instance.fault = Some(fault);
            }
            self.faults.count(FaultKind::Instance(fault));
            self.faults.note(|| format!("{id}: {fault:?}"));
        }
    }

    /// A person gives the instance another execution. Its id still leads to it.
    pub(super) fn edit_tags(&self, machines: &Machines<Self>, cycle: &PowerCycle) {
        let Some(account) = machines.account() else { return };
        let tags = vec![Tag::new("ec2-ops:execution", "edited by a person")];
        let request = CreateTagsRequest {
            resources: vec![cycle.instance.clone()],
            tags,
            ..CreateTagsRequest::default()
        };
        if account.ec2.create_tags(&cycle.region, &request).is_ok()
            && let Some(instance) = lock(&self.state).instances.get_mut(&cycle.instance)
        {
            instance.tags_edited = true;
            self.faults.count(FaultKind::TagsEdited);
            self.faults.note(|| format!("{}: TagsEdited", cycle.instance));
        }
    }

    /// Cancels every command of a script that runs on the instance.
    fn cancel_commands(&self, account: &Account, cycle: &PowerCycle) -> Result<(), AwsError> {
        let commands = lock(&self.state).running_commands(&cycle.instance);
        if commands.is_empty() {
            return Err(AwsError::client("InvalidCommandId", "no command runs on the instance"));
        }
        for command_id in commands {
            let request = CancelCommandRequest { command_id, ..CancelCommandRequest::default() };
            account.ssm.cancel_command(&cycle.region, &request)?;
        }
        Ok(())
    }
}
