//! The trial over HTTP: a sandbox with the real functions, instances that are processes, commands that really run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::{BUCKET, ENDS, Observed, STARTS, Trial};
use crate::simulate::faults::{Faults, Mix};
use crate::simulate::invariants::{Evidence, Violation};
use crate::simulate::machines::{Ran, SimMachines, script_end};
use ec2_ops_sandbox::fault_plan::FaultPlan;
use ec2_ops_sandbox::s3::ListObjectsV2;
use ec2_ops_sandbox::{Account, Sandbox};

/// Longer than any trial takes: two polls that make up for lost events.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long what nobody should do any more is waited for.
const SETTLING: Duration = Duration::from_secs(1);

impl Trial {
    /// Makes the trial in a sandbox that was started under its conditions, of which `faults` are, with the bucket
    /// [`BUCKET`]. What is still on its way when the execution ends is waited for until `expected` is what can be seen.
    ///
    /// # Errors
    /// If it could not be started.
    pub async fn over_http(
        &self,
        sandbox: &Sandbox,
        faults: &FaultPlan,
        expected: &Observed,
    ) -> Result<(Observed, Vec<Violation>), String> {
        let account = sandbox.account();
        let lived = self.follow(account, sandbox.state_machine_arn(), faults, PATIENCE).await;
        let executions = [lived.map_err(|error| error.to_string())?];
        let plan = self.plan();
        let clock = account.platform.clock;
        let chance = Arc::new(Faults::new(Mix::calm(), clock, Rng::with_seed(0), false));
        let (machines, _) = SimMachines::new(Arc::clone(&plan), true, clock, chance);
        let mut waited = Duration::ZERO;
        loop {
            tokio::time::sleep(SETTLING).await;
            waited += SETTLING;
            machines.remember(self.ran(account)?);
            let evidence = Evidence {
                account,
                plan: &plan,
                machines: &machines,
                executions: &executions,
                bystanders: &[],
                orphan: None,
                roles: &BTreeMap::new(),
            };
            let (observed, violations) = Observed::of(&evidence, faults);
            if observed == *expected || waited > PATIENCE / 2 {
                return Ok((observed, violations));
            }
        }
    }

    /// What the commands have left of their runs: a trace per start, and one per end.
    fn ran(&self, account: &Account) -> Result<Vec<Ran>, String> {
        let ends = traces(account, ENDS)?;
        let ran = |(attempt, instance): &(String, String)| {
            let ended = ends.contains(&(attempt.clone(), instance.clone()));
            Ran::seen(instance, attempt, ended.then(|| script_end(false, self.exit_code)), ended)
        };
        Ok(traces(account, STARTS)?.iter().map(ran).collect())
    }
}

/// The attempts and instances of the traces of one kind.
fn traces(account: &Account, what: &str) -> Result<Vec<(String, String)>, String> {
    let query = ListObjectsV2 { prefix: what, ..ListObjectsV2::default() };
    let listed = account.s3.list_objects_v2(BUCKET, query).map_err(|error| error.to_string())?;
    let trace = |key: &str| {
        let mut parts = key.split('/').skip(1).map(str::to_owned);
        parts.next().zip(parts.next())
    };
    Ok(listed.contents.iter().filter_map(|(key, _)| trace(key)).collect())
}
