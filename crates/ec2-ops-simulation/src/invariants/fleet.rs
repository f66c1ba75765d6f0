//! The promises about fleets, checked against what happened to their rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use ec2_ops::fleet::Summary;
use ec2_ops_asl::{Ending, Execution};
use jiff::Timestamp;
use serde_json::Value;

use super::{Evidence, Excuse, Invariant, Verdict};
use crate::harness::executions::outcome;
use crate::simulate::fleet_summary;
use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::stepfunctions::api::{DescribeMapRunRequest, ListExecutionsRequest, ListMapRunsRequest};

/// What happened to a fleet.
#[derive(Clone, Debug)]
pub(crate) struct FleetRecord {
    /// How many rows may run at once.
    pub(crate) at_once: u64,
    /// The state machine of the executions.
    pub(crate) machine: String,
    pub(crate) runs: Vec<FleetRunRecord>,
}

/// What happened to one run of a fleet.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
#[derive(Clone, Debug)]
pub(crate) struct FleetRunRecord {
    pub(crate) number: u32,
    pub(crate) arn: String,
    /// The rows that it was to run.
    pub(crate) planned: Vec<u32>,
    pub(crate) started: Timestamp,
    /// Whether it ended within its bound of virtual time.
    pub(crate) in_time: bool,
    /// Whether it was stopped from outside.
    pub(crate) stopped: bool,
    /// Whether its first failed row was to stop all others.
    pub(crate) fail_fast: bool,
    /// The most of its rows that ran at once.
    pub(crate) most_at_once: usize,
    /// How many of its rows ran on after it had ended.
    pub(crate) still_running: usize,
    /// Whether the answer to the start of a row was lost.
    pub(crate) start_lost: bool,
    /// Whether the control plane was gone for good.
    pub(crate) gone: bool,
}

/// What RunChecker has counted, if the run came so far.
pub(crate) fn section(execution: &Execution) -> Option<Value> {
    let section: Value = match execution.history().ending()?.0 {
        Ending::Succeeded { output } => Value::clone(&output),
        Ending::Failed(failure) => serde_json::from_str(failure.cause.as_deref()?).ok()?,
        Ending::Aborted(_) | Ending::TimedOut => return None,
    };
    section["summary"].is_string().then_some(section)
}

/// The executions of each row, in one run.
type ByRow = BTreeMap<u32, Vec<Arc<Execution>>>;

/// Finds every broken promise of the fleet.
pub(super) fn check(evidence: &Evidence<'_>, fleet: &FleetRecord, verdict: &mut Verdict) {
    let account = evidence.account;
    let mut succeeded: Vec<u32> = Vec::new();
    for (index, run) in fleet.runs.iter().enumerate() {
        let until = fleet.runs.get(index + 1).map(|next| next.started);
        let by_row = executions(account, &fleet.machine, run.started, until);
        if run.still_running > 0 {
            let what =
                format!("run {} of the fleet has ended, and {} rows run", run.number, run.still_running);
            let excuse = run.start_lost.then_some(Excuse::StartLost);
            verdict.broken_unless(excuse, Invariant::FleetStops, what);
        }
        let mut broken = |invariant, what: String| {
            verdict.broken(invariant, format!("run {} of the fleet: {what}", run.number));
        };
        if !run.in_time {
            broken(Invariant::Ends, "it does not end".to_owned());
        }
        if run.most_at_once as u64 > fleet.at_once {
            broken(Invariant::AtMostAtOnce, format!("{} rows ran at once", run.most_at_once));
        }
        for (row, executions) in &by_row {
            if executions.len() > 1 {
                broken(Invariant::RowsOnce, format!("row {row} was started {} times", executions.len()));
            }
            if !run.planned.contains(row) {
                broken(Invariant::OnlyFailedAgain, format!("row {row} was not asked for"));
            }
        }
        for row in succeeded.iter().filter(|row| run.planned.contains(row)) {
            broken(Invariant::OnlyFailedAgain, format!("row {row} had succeeded"));
        }
        succeeded.extend(by_row.iter().filter(|(_, executions)| is_success(executions)).map(|(row, _)| *row));
        if run.gone {
            continue;
        }
        let Ok(execution) = account.stepfunctions.execution(&run.arn) else { continue };
        match fleet_summary(account, &execution) {
            Some(summary) => {
                for what in untrue(account, run, &execution, &summary, &by_row) {
                    broken(Invariant::TrueSummary, what);
                }
            }
            None if run.stopped || run.fail_fast => {}
            None => {
                let how = execution.history().ending().map(|(ending, _)| ending);
                broken(Invariant::EachRowEnds, format!("it has no summary: {how:?}"));
            }
        }
    }
}

/// What is wrong with the summary of a run.
fn untrue(
    account: &Account,
    run: &FleetRunRecord,
    execution: &Execution,
    summary: &Summary,
    by_row: &ByRow,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let counted: u64 = summary.by_status.values().sum();
    if summary.rows != run.planned.len() as u64 || counted != summary.rows {
        wrong.push(format!("it counts {} of {} rows", summary.rows, run.planned.len()));
    }
    for row in &run.planned {
        let failures: Vec<_> = summary.failures.iter().filter(|failure| failure.row == Some(*row)).collect();
        let executions = by_row.get(row).map(Vec::as_slice).unwrap_or_default();
        let truth = executions.first().and_then(|execution| status(execution));
        match (failures.as_slice(), truth) {
            ([], Some(truth)) if truth == "Succeeded" => {}
            // Its start was lost, and it had ended when it was tried again.
            ([failure], Some(_)) if failure.hides_the_end() => {}
            ([failure], Some(truth)) if truth == failure.status => {}
            // Nothing could be started.
            ([failure], None) if failure.status.starts_with("StepFunctions.") => {}
            (failures, truth) => {
                let said: Vec<_> = failures.iter().map(|failure| failure.status.as_str()).collect();
                wrong.push(format!("row {row} ended as {truth:?}, and the summary says {said:?}"));
            }
        }
    }
    if matches!(execution.history().ending(), Some((Ending::Succeeded { .. }, _))) != (summary.failed == 0) {
        wrong.push(format!("it has {} failures and ended as if not", summary.failed));
    }
    match map_run_successes(account, &run.arn) {
        Some(successes) if successes == summary.succeeded => {}
        successes => {
            wrong.push(format!("{} succeeded, and the map run counts {successes:?}", summary.succeeded));
        }
    }
    wrong
}

/// How many children the map run of an execution counts as succeeded.
fn map_run_successes(account: &Account, arn: &str) -> Option<u64> {
    let request = ListMapRunsRequest { execution_arn: arn.to_owned(), max_results: None, next_token: None };
    let listed = account.stepfunctions.list_map_runs(&request).ok()?;
    let map_run_arn = listed.map_runs.first()?.map_run_arn.clone();
    let described = account.stepfunctions.describe_map_run(&DescribeMapRunRequest { map_run_arn }).ok()?;
    Some(described.item_counts.succeeded)
}

fn is_success(executions: &[Arc<Execution>]) -> bool {
    executions.iter().any(|execution| status(execution).as_deref() == Some("Succeeded"))
}

/// The status of an execution's outcome, or that of Step Functions if it has none.
fn status(execution: &Execution) -> Option<String> {
    let (ended, _) = execution.history().ending()?;
    let reported = outcome(&ended)["status"].as_str().map(str::to_owned);
    Some(reported.unwrap_or_else(|| ended.status().to_owned()))
}

/// The executions of rows that were started since `since`, and before `until`.
fn executions(account: &Account, machine: &str, since: Timestamp, until: Option<Timestamp>) -> ByRow {
    let mut by_row = ByRow::new();
    let request = ListExecutionsRequest {
        state_machine_arn: Some(machine.to_owned()),
        map_run_arn: None,
        status_filter: None,
        max_results: Some(1000),
        next_token: None,
    };
    let region = machine.split(':').nth(3).unwrap_or_default();
    let listed = account.stepfunctions.list_executions(region, &request);
    for item in listed.map(|listed| listed.executions).unwrap_or_default() {
        let Ok(execution) = account.stepfunctions.execution(&item.execution_arn) else { continue };
        let at = execution.started();
        let row = execution.input()["row"].as_u64().and_then(|row| row.try_into().ok());
        let (Some(row), true) = (row, at >= since && until.is_none_or(|until| at < until)) else { continue };
        by_row.entry(row).or_default().push(execution);
    }
    by_row
}
