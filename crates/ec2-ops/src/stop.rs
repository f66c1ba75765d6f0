//! EC2Stopper: ends what the attempt launched, and says what the attempt came to.
//!
//! Two more nets end here, which have no state machine around them: [`abnormal_end`] and [`sweep`].

use serde::Deserialize;
use serde_json::Value;

use crate::check::CheckSection;
use crate::clean::end_all;
use crate::deployment::Deployment;
use crate::document::Job;
use crate::error::{Error, ErrorReport, Leftover};
use crate::ids::InstanceId;
use crate::outcome::{AttemptRecord, Outcome, Status};
use crate::ports::{Clock, Executions, Instance, Instances, Volumes};
use crate::step::{CommandSection, Context, InstanceSection, read, write};
use crate::{abnormal_end, sweep, tags};

#[derive(Deserialize)]
struct Payload {
    #[serde(flatten)]
    context: Context,
    /// The whole state: which of its sections are there depends on how far the attempt came.
    state: State,
}

#[derive(Deserialize)]
struct State {
    attempts: Vec<AttemptRecord>,
    instance: Option<InstanceSection>,
    command: Option<CommandSection>,
    check: Option<CheckSection>,
    error: Option<CaughtError>,
}

/// What a Catch writes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CaughtError {
    error: String,
    cause: Option<String>,
}

/// Handles the task of the state machine, the event of an abnormal end, or the sweeper's schedule.
///
/// # Errors
/// [`Error::CleanupPending`] until everything has ended; whoever invoked it asks again.
pub async fn handle<C: Instances + Volumes>(
    payload: Value,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
    executions: &impl Executions,
) -> Result<Value, Error> {
    match payload.get("detail-type").and_then(Value::as_str) {
        None => end_attempt(read(payload)?, deployment, clock, ec2).await,
        Some(abnormal_end::DETAIL_TYPE) => abnormal_end::handle(payload, deployment, ec2).await,
        Some(sweep::DETAIL_TYPE) => sweep::handle(deployment, clock, ec2, executions).await,
        Some(other) => Err(Error::Internal(format!("unexpected event {other:?}"))),
    }
}

/// Ends every instance of the execution, then tells the attempt's outcome and what follows on it.
async fn end_attempt<C: Instances + Volumes>(
    Payload { context, state }: Payload,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
) -> Result<Value, Error> {
    // A document that is refused is refused before any AWS call: there is nothing to end.
    let plan = context.job().and_then(|job| Ok((deployment.region_of(&job)?, job)));
    let Ok((region, job)) = plan else {
        return write(&outcome(&context, state, None, &[], deployment, clock));
    };
    let ours = tags::of_execution(&context.execution.id, &deployment.name);
    let ended = end_all(&region, &ours, ec2).await?;
    if ended.is_empty() && context.retry == 0 && may_be_unseen(&state) {
        return Err(Error::CleanupPending(
            "a launch's answer was lost, and a fresh instance may not be visible yet".to_owned(),
        ));
    }
    let number = context.attempt.number.to_string();
    let of_this_attempt = |instance: &&Instance| instance.tags.get(tags::ATTEMPT) == Some(&number);
    let instances: Vec<_> =
        ended.iter().filter(of_this_attempt).map(|instance| instance.id.clone()).collect();
    write(&outcome(&context, state, Some(&job), &instances, deployment, clock))
}

/// Whether a launch may have had its effect without anybody having seen it.
fn may_be_unseen(state: &State) -> bool {
    let Some(error) = state.error.as_ref().filter(|_| state.instance.is_none()) else {
        return false;
    };
    Leftover::of_error(&error.error) != Leftover::Nothing
}

fn outcome(
    context: &Context,
    state: State,
    job: Option<&Job>,
    instances: &[InstanceId],
    deployment: &Deployment,
    clock: &impl Clock,
) -> Outcome {
    let report = state.error.as_ref().map(CaughtError::report);
    let status = state.error.as_ref().map_or(Status::Succeeded, |error| Status::of_error(&error.error));
    let mut instances = instances.to_vec();
    instances.extend(state.instance.iter().map(|instance| instance.id.clone()));
    instances.sort();
    instances.dedup();
    let record = AttemptRecord {
        attempt: context.attempt.number,
        status,
        exit_code: report
            .as_ref()
            .map_or(Some(0), |report| report.exit_code)
            .filter(|_| state.command.is_some()),
        stderr_tail: report.as_ref().map(|report| report.stderr_tail.clone()).unwrap_or_default(),
        reason: report.map(|report| report.message),
        instances,
        market: state.instance.map(|instance| instance.market),
        started_at: context.attempt.started,
        ended_at: clock.now(),
        output: state.check.and_then(|check| check.object),
        logs: state.command.map(|command| command.logs).unwrap_or_default(),
    };
    let mut attempts = state.attempts;
    attempts.push(record);
    Outcome::decide(
        attempts,
        job.map(|job| job.warnings.clone()).unwrap_or_default(),
        job.map_or(1, |job| job.attempts_allowed),
        job.and_then(|job| job.fail_execution).unwrap_or(deployment.fail_execution),
    )
}

impl CaughtError {
    /// Our own report, or whatever Step Functions or Lambda had to say.
    fn report(&self) -> ErrorReport {
        let cause = self.cause.as_deref().unwrap_or_default();
        let report =
            serde_json::from_str::<ErrorReport>(cause).ok().filter(|report| !report.message.is_empty());
        report.unwrap_or_else(|| ErrorReport {
            error_type: self.error.clone(),
            message: format!("{}: {cause}", self.error).trim_end_matches(": ").to_owned(),
            ..ErrorReport::default()
        })
    }
}
