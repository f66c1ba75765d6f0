//! Whether an outcome says what really happened.

use ec2_ops::ids::{AttemptId, ExecutionId};
use ec2_ops::{AttemptRecord, Outcome, Status};
use ec2_ops_asl::Ending;

use super::evidence::{Aftermath, Evidence, ExecutionRecord};
use crate::faults::InstanceFault;
use crate::harness::executions;
use crate::schedule::{BUCKET, Scenario, ScriptRun};
use ec2_ops_sandbox::ssm::EndStatus;

/// What is wrong with the outcome that the execution reports.
pub(super) fn untrue(
    evidence: &Evidence<'_>,
    scenario: &Scenario,
    execution: &ExecutionRecord,
) -> Option<String> {
    let arn = &execution.arn;
    let reported = match executions::ending(evidence.account, arn) {
        // An execution that was ended from outside reports no outcome.
        Ok(None | Some(Ending::Aborted(_) | Ending::TimedOut)) => return None,
        Ok(Some(ending)) => executions::outcome(&ending),
        Err(error) => return Some(error.to_string()),
    };
    let outcome: Outcome = match serde_json::from_value(reported) {
        Ok(outcome) => outcome,
        Err(error) => return Some(format!("{arn} reports no outcome: {error}")),
    };
    if outcome.attempts.last().map(|attempt| attempt.status) != Some(outcome.status) {
        return Some(format!("{arn} reports {:?} and its last attempt another status", outcome.status));
    }
    outcome.attempts.iter().find_map(|attempt| {
        let id = AttemptId { execution: ExecutionId::new(arn), attempt: attempt.attempt };
        let run = evidence.history.script_run(&id.fingerprint());
        let fault =
            attempt.instances.iter().find_map(|instance| evidence.history.fault_of(instance.as_str()));
        let is_true =
            is_true(evidence, scenario, attempt, run, fault) || lost_by_abort(execution, attempt, run);
        (!is_true).then(|| {
            format!(
                "attempt {} reports {:?} ({:?}); what happened is {run:?}, {fault:?}",
                attempt.attempt, attempt.status, attempt.reason
            )
        })
    })
}

/// Whether an attempt lost its instance because the execution was ended from outside, and redriven later.
fn lost_by_abort(execution: &ExecutionRecord, attempt: &AttemptRecord, run: Option<&ScriptRun>) -> bool {
    // SSM does not see an end while the output is open.
    let seen = run.filter(|run| !run.held_open).and_then(|run| run.ended.as_ref());
    execution.aftermath == Aftermath::Redriven
        && matches!(attempt.status, Status::InstanceLost | Status::LaunchFailed)
        && seen.is_none_or(|end| end.status != EndStatus::Success)
}

/// Whether an attempt's status agrees with what happened to its script and to its instance.
fn is_true(
    evidence: &Evidence<'_>,
    scenario: &Scenario,
    attempt: &AttemptRecord,
    run: Option<&ScriptRun>,
    fault: Option<InstanceFault>,
) -> bool {
    let end = run.and_then(|run| run.ended.as_ref());
    let ended = |status| end.is_some_and(|end| end.status == status);
    let wrote = run.is_some_and(|run| run.wrote_output);
    let never_ready = scenario.instances.iter().any(|instance| instance.agent_after.is_none());
    let is_calm = evidence.schedule.mix.is_calm();
    match attempt.status {
        Status::Succeeded => ended(EndStatus::Success) && (wrote || !scenario.checked),
        Status::CommandFailed => ended(EndStatus::Failed),
        Status::Cancelled => fault == Some(InstanceFault::CommandsCancelled),
        // SSM does not see an end before the limit while the output is open.
        Status::CommandTimedOut => {
            ended(EndStatus::TimedOut)
                || run.is_some_and(|run| run.held_open)
                || fault.is_some_and(InstanceFault::hides_the_end)
        }
        Status::OutputMissing => ended(EndStatus::Success) && scenario.checked && !wrote,
        Status::InstanceLost => fault.is_some_and(|fault| fault != InstanceFault::CommandsCancelled),
        Status::SpotInterrupted => fault == Some(InstanceFault::SpotInterruption),
        Status::CapacityUnavailable => evidence.schedule.mix.capacity > 0.0,
        Status::LaunchFailed => run.is_none() && (never_ready || fault.is_some() || !is_calm),
        Status::InputMissing => input_was_missing(evidence, scenario, attempt),
        // The bucket was there at the first try of the launch, and is gone at the second.
        Status::InvalidExecution => scenario.checked && evidence.schedule.mix.has_faulty_calls(),
        Status::InternalError => !evidence.schedule.mix.is_calm_but_for_launches(),
        // An execution that was ended from outside reports no outcome.
        Status::Aborted => false,
    }
}

/// Whether the input did not exist yet when the attempt had waited for it.
fn input_was_missing(evidence: &Evidence<'_>, scenario: &Scenario, attempt: &AttemptRecord) -> bool {
    let Some(input) = &scenario.input else { return false };
    let found = evidence.account.s3.get_object(BUCKET, &input.key);
    found.map_or(true, |found| found.last_modified >= attempt.started_at + input.timeout)
}
