//! The trial over HTTP: a sandbox with the real functions, instances that are processes, commands that really run.

use std::time::Duration;

use super::{BUCKET, ENDS, Observed, STARTS, Trial};
use crate::harness::script_end;
use crate::invariants::Violation;
use crate::schedule::{InstanceHistory, ScriptRun};
use ec2_ops_sandbox::fault_plan::FaultPlan;
use ec2_ops_sandbox::s3::ListObjectsV2;
use ec2_ops_sandbox::{Account, Sandbox};

/// Longer than any trial takes: two polls that make up for lost events.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long to wait before asserting that nothing further happens.
const SETTLING: Duration = Duration::from_secs(1);

impl Trial {
    /// Makes the trial in a sandbox that was started under its conditions, which include `faults`, and that has the bucket
    /// [`BUCKET`]. Waits after the execution's end until `expected` is observed, for as long as that may take.
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
        let followed = self.follow(account, sandbox.state_machine_arn(), faults, PATIENCE).await;
        let execution = followed.map_err(|error| error.to_string())?;
        let schedule = self.schedule();
        let mut waited = Duration::ZERO;
        loop {
            tokio::time::sleep(SETTLING).await;
            waited += SETTLING;
            let history =
                InstanceHistory { script_runs: self.script_runs(account)?, ..InstanceHistory::default() };
            let (observed, violations) = Observed::of(account, &schedule, &history, &execution, faults);
            if observed == *expected || waited > PATIENCE / 2 {
                return Ok((observed, violations));
            }
        }
    }

    /// The runs of which the commands have left a trace: one at their start, and one at their end.
    fn script_runs(&self, account: &Account) -> Result<Vec<ScriptRun>, String> {
        let ends = traces(account, ENDS)?;
        let run = |(comment, instance): (String, String)| {
            let ended = ends.contains(&(comment.clone(), instance.clone()));
            let end = ended.then(|| script_end(false, self.exit_code));
            ScriptRun { instance, comment, ended: end, wrote_output: ended, held_open: false }
        };
        Ok(traces(account, STARTS)?.into_iter().map(run).collect())
    }
}

/// The attempts and instances of the traces of one kind.
fn traces(account: &Account, kind: &str) -> Result<Vec<(String, String)>, String> {
    let query = ListObjectsV2 { prefix: kind, ..ListObjectsV2::default() };
    let listed = account.s3.list_objects_v2(BUCKET, query).map_err(|error| error.to_string())?;
    let trace = |key: &str| {
        let mut parts = key.split('/').skip(1).map(str::to_owned);
        parts.next().zip(parts.next())
    };
    Ok(listed.contents.iter().filter_map(|(key, _)| trace(key)).collect())
}
