//! What befalls a machine from outside.

use super::SimMachines;
use crate::simulate::fault_kind::{Fate, FaultKind};
use crate::simulate::plan::Since;
use ec2_ops_sandbox::lock;

impl SimMachines {
    /// Lets fate strike, if that is to follow on `since`.
    pub(crate) fn await_fate(&self, instance: &str, cycle: u64, since: Since) {
        let state = lock(&self.state);
        let fate = state.machines.get(instance).and_then(|machine| machine.life.fate);
        drop(state);
        if let Some((_, delay, fate)) = fate.filter(|(after, ..)| *after == since) {
            self.later(delay, instance, cycle, move |machines, instance| machines.strike(instance, fate));
        }
    }

    fn strike(&self, instance: &str, fate: Fate) {
        let Some(account) = self.account() else { return };
        let cycle = {
            let mut state = lock(&self.state);
            let Some(machine) = state.machines.get_mut(instance).filter(|machine| !machine.struck) else {
                return;
            };
            machine.struck = true;
            machine.agent_dead |= fate == Fate::AgentDies;
            machine.cycle
        };
        let done = match fate {
            Fate::Vanishes => account.ec2.vanish(instance),
            Fate::StoppedFromOutside => account.ec2.stop_from_outside(instance),
            Fate::Reboots => account.ec2.reboot(instance),
            Fate::SpotInterruption => account.ec2.interrupt_spot(instance),
            Fate::AgentDies => {
                account.ssm.agent_offline(instance);
                Ok(())
            }
            Fate::AgentPauses => {
                account.ssm.agent_offline(instance);
                let pause = self.faults.millis(30_000..400_000);
                self.later(pause, instance, cycle, Self::get_ready);
                Ok(())
            }
        };
        // A fate that cannot befall this instance, as an interruption on demand, does not.
        if done.is_ok() {
            let mut state = lock(&self.state);
            state.struck.insert(instance.to_owned(), fate);
            if !state.runs.iter().any(|run| run.instance == instance) {
                self.faults.count(FaultKind::EarlyFate);
            }
            self.faults.count(FaultKind::Fate(fate));
            self.faults.note(|| format!("{instance}: {fate:?}"));
        }
    }
}
