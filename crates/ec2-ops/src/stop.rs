//! EC2Stopper: ends what the attempt launched, and says what the attempt came to.

use serde::Deserialize;
use serde_json::Value;

use crate::check::CheckSection;
use crate::clean::end_all;
use crate::deployment::Deployment;
use crate::document::Job;
use crate::error::{Error, ErrorReport, Leftover};
use crate::ids::InstanceId;
use crate::outcome::{AttemptRecord, Outcome, Status};
use crate::ports::{Clock, Instance, Instances, Volumes};
use crate::step::{CommandSection, Context, InstanceSection, read, region_of, write};
use crate::tags;

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

/// Ends every instance of the execution, then tells the attempt's outcome and what follows on it.
///
/// # Errors
/// [`Error::CleanupPending`] until everything has ended; the state machine asks again for as long as it takes.
pub async fn handle<C: Instances + Volumes>(
    payload: Value,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
) -> Result<Value, Error> {
    let Payload { context, state } = read(payload)?;
    // A document that is refused is refused before any AWS call: there is nothing to end.
    let Ok(job) = context.job() else {
        return write(&outcome(&context, state, None, &[], deployment, clock));
    };
    let region = region_of(&job, deployment);
    let ended = end_all(&region, &tags::of_execution(&context.execution.id), ec2).await?;
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
        deployment.backoff_s,
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
