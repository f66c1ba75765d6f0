//! The trial in process: the real steps over the ports, guests that follow a schedule, virtual time.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::{BUCKET, Observed, Trial};
use crate::faults::{Faults, Mix, PlannedGate};
use crate::harness::virtual_time::{self, EPOCH};
use crate::harness::{Machines, World};
use crate::invariants::Violation;
use crate::schedule::ScheduledGuests;
use ec2_ops_sandbox::deployment::{Names, SWEEP_EVERY};
use ec2_ops_sandbox::ec2::{Ec2Config, Times};
use ec2_ops_sandbox::fault_plan::PlannedRuntime;
use ec2_ops_sandbox::lambda::{Request, Runtime};
use ec2_ops_sandbox::ssm::SsmConfig;
use ec2_ops_sandbox::{AccountConfig, Clock, Conditions};

/// Longer than any trial takes.
const PATIENCE: Duration = Duration::from_hours(24);
/// How long everything may take to settle after the execution has ended: two sweeps, and the cleanup that they start.
const SETTLING: Duration = SWEEP_EVERY.saturating_mul(2).saturating_add(Duration::from_mins(30));

impl Trial {
    /// Makes the trial in process.
    ///
    /// # Errors
    /// If it could not be set up.
    pub fn in_process(&self) -> Result<(Observed, Vec<Violation>), String> {
        virtual_time::run(self.carry_out())
    }

    async fn carry_out(&self) -> Result<(Observed, Vec<Violation>), String> {
        let Conditions { template, listed_after, faults } = self.conditions()?;
        let schedule = self.schedule();
        let clock = Clock::starting_at(EPOCH);
        let no_chance = Arc::new(Faults::new(Mix::calm(), clock, Rng::with_seed(0), false));
        let guests = ScheduledGuests::new(Arc::clone(&schedule), true, clock, no_chance);
        // Terminated instances stay visible until the check.
        let times = Times { terminated_visible: PATIENCE * 2, ..Times::fast() };
        let config = AccountConfig {
            seed: 0,
            ec2: Ec2Config { times, ..Ec2Config::default() },
            ssm: SsmConfig { listed_after, ..SsmConfig::fast() },
        };
        let world = World::new(config, Machines::new(guests), Names::default());
        let arrivals = faults.clone();
        world.account.platform.events.deliver_by(move |event| arrivals.arrivals(event));
        let runtime_of = |function| -> Arc<dyn Runtime> {
            let plan = faults.clone();
            let begin = move |function, _: &Request| PlannedGate { function, plan: plan.clone() };
            let runtime = Arc::new(world.function(function, begin));
            Arc::new(PlannedRuntime { function, plan: faults.clone(), runtime })
        };
        let state_machine = world.deploy(BUCKET, &template, runtime_of).map_err(|error| error.to_string())?;

        let followed = self.follow(&world.account, &state_machine, &faults, PATIENCE).await;
        let execution = followed.map_err(|error| error.to_string())?;
        tokio::time::sleep(SETTLING).await;
        let history = world.machines.guests.history();
        Ok(Observed::of(&world.account, &schedule, &history, &execution, &faults))
    }
}
