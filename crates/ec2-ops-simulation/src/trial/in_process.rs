//! The trial in process: the real steps over the ports, machines of the simulation, virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::{BUCKET, Observed, Trial};
use crate::PlannedGate;
use crate::ports::Ports;
use crate::simulate::faults::{Faults, Mix};
use crate::simulate::hobbled::Hobbled;
use crate::simulate::invariants::{Evidence, Violation};
use crate::simulate::machines::SimMachines;
use crate::steps::{report, run};
use crate::virtual_time::{self, EPOCH};
use ec2_ops_sandbox::deployment::{Function, Names, SWEEP_EVERY, deploy};
use ec2_ops_sandbox::ec2::{Ec2Config, Times};
use ec2_ops_sandbox::fault_plan::{FaultPlan, PlannedRuntime};
use ec2_ops_sandbox::lambda::{Request, Running, Runtime};
use ec2_ops_sandbox::ssm::SsmConfig;
use ec2_ops_sandbox::{Account, AccountConfig, Clock, Conditions};

/// Longer than any trial takes.
const PATIENCE: Duration = Duration::from_hours(24);
/// How long things may take to settle: two sweeps, and the cleanup that they start.
const SETTLING: Duration = SWEEP_EVERY.saturating_mul(2).saturating_add(Duration::from_mins(30));

impl Trial {
    /// Makes the trial in process.
    ///
    /// # Errors
    /// If it could not be set up.
    pub fn in_process(&self) -> Result<(Observed, Vec<Violation>), String> {
        virtual_time::live(self.live())
    }

    async fn live(&self) -> Result<(Observed, Vec<Violation>), String> {
        let Conditions { template, listed_after, faults } = self.conditions()?;
        let plan = self.plan();
        let clock = Clock::starting_at(EPOCH);
        let chance = Arc::new(Faults::new(Mix::calm(), clock, Rng::with_seed(0), false));
        let (machines, events) = SimMachines::new(Arc::clone(&plan), true, clock, chance);
        // What has been terminated stays to be judged.
        let times = Times { terminated_visible: PATIENCE * 2, ..Times::fast() };
        let config = AccountConfig {
            seed: 0,
            ec2: Ec2Config { times, ..Ec2Config::default() },
            ssm: SsmConfig { listed_after, ..SsmConfig::fast() },
        };
        let account = Account::new(EPOCH, config, Arc::clone(&machines), events);
        machines.belong_to(Some(account.clone()));
        let arrivals = faults.clone();
        account.platform.events.deliver_by(move |event| arrivals.arrivals(event));
        let names = Arc::new(Names::default());
        let runtime_of = |function| step(function, &account, &names, &faults);
        let set_up = account.s3.create_bucket(BUCKET, &names.region);
        let state_machine = set_up.and_then(|()| deploy(&account, &names, &template, runtime_of));
        let state_machine = state_machine.map_err(|error| error.to_string())?;

        let lived = self.follow(&account, &state_machine, &faults, PATIENCE).await;
        let executions = [lived.map_err(|error| error.to_string())?];
        tokio::time::sleep(SETTLING).await;
        let evidence = Evidence {
            account: &account,
            plan: &plan,
            machines: &machines,
            executions: &executions,
            bystanders: &[],
            orphan: None,
            roles: &BTreeMap::new(),
        };
        let observed = Observed::of(&evidence, &faults);
        machines.belong_to(None);
        account.dissolve();
        Ok(observed)
    }
}

fn step(function: Function, account: &Account, names: &Arc<Names>, faults: &FaultPlan) -> Arc<dyn Runtime> {
    let (name, account, names, plan) = (function.name, account.clone(), Arc::clone(names), faults.clone());
    let invoke = move |request: Request| -> Running {
        let gate = PlannedGate { function: name, plan: plan.clone() };
        let ports = Ports::new(account.clone(), Arc::clone(&names), gate);
        let names = Arc::clone(&names);
        Box::pin(async move {
            let hobbled = Hobbled { ports: &ports, without: None, nonce: &request.request_id };
            run(name, request.payload, &ports, &hobbled, &names).await.map_err(|error| report(&error))
        })
    };
    Arc::new(PlannedRuntime { function: name, plan: faults.clone(), runtime: Arc::new(invoke) })
}
