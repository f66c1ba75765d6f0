//! EC2Stopper: ends the attempt's instances, then reports the outcome and decides what follows.
//!
//! Two more safety nets invoke the same function, from outside the state machine: [`abnormal_end`] and [`sweep`].

mod output_end;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::check::CheckSection;
use crate::clean::{VISIBILITY, end, find};
use crate::decision::{Decision, Next, RetryRules};
use crate::deployment::Deployment;
use crate::document::Job;
use crate::error::{Error, ErrorKind, ErrorReport, Leftover};
use crate::execution::Execution;
use crate::ids::Region;
use crate::launch::{self, Tried};
use crate::outcome::{AttemptRecord, Outcome};
use crate::poll::PollSection;
use crate::ports::{Clock, Executions, Instance, Instances, KeptOutput, Volumes};
use crate::status::Status;
use crate::step::{Attempt, CommandSection, Context, InstanceSection, TaskOrEvent, write};
use crate::{abnormal_end, instance_end, sweep, tags};

/// What EC2Stopper is invoked with.
type Payload = TaskOrEvent<Task, Event>;

/// The task of the state machine.
#[derive(Deserialize)]
struct Task {
    execution: Execution,
    /// The whole state. The payload has the document only here: twice would exceed Step Functions' quota.
    state: State,
}

/// The state. Its optional sections depend on how far the attempt got.
#[derive(Deserialize)]
struct State {
    document: Value,
    attempt: Attempt,
    attempts: Vec<AttemptRecord>,
    instance: Option<InstanceSection>,
    command: Option<CommandSection>,
    poll: Option<PollSection>,
    check: Option<CheckSection>,
    error: Option<CaughtError>,
    /// The reports of the candidates that EC2 could not launch, one after another.
    #[serde(default)]
    tried: String,
    over: OverSection,
}

/// The section of the state before EC2Stopper.
#[derive(Deserialize)]
struct OverSection {
    /// When the attempt was over.
    at: Timestamp,
}

/// The section of a Catch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CaughtError {
    error: String,
    cause: Option<String>,
}

/// The events that invoke EC2Stopper, by EventBridge's `detail-type`.
#[derive(Deserialize)]
#[serde(tag = "detail-type")]
enum Event {
    /// An execution was stopped, timed out or failed.
    #[serde(rename = "Step Functions Execution Status Change")]
    ExecutionEnded(abnormal_end::Event),
    /// The sweeper's schedule.
    #[serde(rename = "Scheduled Event")]
    Schedule(sweep::Event),
}

/// Handles the task of the state machine, the event of an abnormal end, or the sweeper's schedule.
///
/// # Errors
/// [`Error::CleanupPending`] until every instance has ended; the caller retries.
pub async fn handle<C: Instances + Volumes>(
    payload: Value,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
    executions: &impl Executions,
    outputs: &impl KeptOutput,
) -> Result<Value, Error> {
    match Payload::read(payload)? {
        Payload::Task(task) => end_attempt(task, deployment, clock, ec2, outputs).await,
        Payload::Event(Event::ExecutionEnded(event)) => {
            abnormal_end::handle(event, deployment, clock, ec2, executions).await
        }
        Payload::Event(Event::Schedule(event)) => {
            sweep::handle(&event, deployment, clock, ec2, executions).await
        }
    }
}

/// Ends every instance of the execution, then reports the attempt's outcome and decides what follows.
async fn end_attempt<C: Instances + Volumes>(
    Task { execution, mut state }: Task,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
    outputs: &impl KeptOutput,
) -> Result<Value, Error> {
    let document = state.document.take();
    let context = Context { execution, attempt: state.attempt.clone(), document, retry: 0, redrives: 0 };
    let job = context.job().ok();
    let ours = tags::of_execution(&context.execution.id, &deployment.name);
    let known = state.instance.as_ref().map(|instance| &instance.id);
    let regions = state.regions(job.as_ref(), deployment);
    // A failure in one region, or to end one instance, must not keep us from the others.
    let (mut found, mut failed) = (Vec::new(), None);
    for region in &regions {
        match find(region, &ours, known, ec2).await {
            Ok(instances) => found.push((region, instances)),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let number = context.attempt.number.to_string();
    let of_this_attempt = |instance: &&Instance| {
        instance.tags.get(tags::ATTEMPT) == Some(&number) || Some(&instance.id) == known
    };
    let instances: Vec<_> =
        found.iter().flat_map(|(_, instances)| instances).filter(of_this_attempt).cloned().collect();
    let is_unseen = known.is_none_or(|known| instances.iter().all(|instance| instance.id != *known));
    if let Some(why) = state.error.as_ref().and_then(|error| error.explained_by(&instances)) {
        state.error = Some(why);
    }
    // The machine of an attempt that is repeated is of no use: only the last one is kept, if the document keeps any.
    let next = state.next(&context, job.as_ref(), deployment);
    let is_repeated = next == Next::Retry;
    for (region, instances) in &found {
        if let Err(error) = end(region, instances, &ours, is_repeated, ec2).await {
            failed = failed.or(Some(error));
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    if !regions.is_empty() && is_unseen && clock.now().duration_since(state.over.at) < VISIBILITY {
        return Err(Error::CleanupPending("a new instance may not be visible yet".to_owned()));
    }
    let mut report = state.error.as_ref().map(CaughtError::report);
    if let (Some(report), Some(instance), Some(command)) = (&mut report, &state.instance, &state.command) {
        output_end::complete(&mut report.commands, &instance.id, command, deployment, outputs).await;
    }
    let outcome = outcome(&context, state, job.as_ref(), report, &instances, deployment, clock);
    write(&Decision::new(outcome, next, &RetryRules::of(job.as_ref(), deployment.backoff_s)))
}

impl State {
    fn status(&self) -> Status {
        self.error.as_ref().map_or(Status::Succeeded, CaughtError::status)
    }

    /// What follows on the attempt.
    fn next(&self, context: &Context, job: Option<&Job>, deployment: &Deployment) -> Next {
        Next::after(
            self.status(),
            context.attempt.number,
            &RetryRules::of(job, deployment.backoff_s),
            wants_failure(&context.document).unwrap_or(deployment.fail_execution),
        )
    }

    /// The regions in which the attempt may have left an instance: none if nothing was launched, and every one that it can
    /// have launched in if that is not known.
    fn regions(&self, job: Option<&Job>, deployment: &Deployment) -> Vec<Region> {
        if let Some(instance) = &self.instance {
            return vec![instance.region.clone()];
        }
        if self.error.as_ref().is_some_and(|error| error.leftover() == Leftover::Nothing) {
            return Vec::new();
        }
        let mut regions: Vec<_> = deployment.regions().cloned().collect();
        // The deployment may have lost the document's region since the launch.
        let lost = job.and_then(|job| job.region.clone()).filter(|region| !regions.contains(region));
        regions.extend(lost);
        regions
    }
}

fn outcome(
    context: &Context,
    state: State,
    job: Option<&Job>,
    report: Option<ErrorReport>,
    found: &[Instance],
    deployment: &Deployment,
    clock: &impl Clock,
) -> Outcome {
    let status = state.status();
    let known = state.instance.as_ref();
    let ids = found.iter().map(|instance| &instance.id).chain(known.map(|instance| &instance.id));
    let instances: BTreeSet<_> = ids.cloned().collect();
    let tried = job
        .map(|job| tried(job, context, &state.attempts, &state.tried, report.as_ref(), deployment))
        .unwrap_or_default();
    let (reason, reported) = report.map(|report| (report.message, report.commands)).unzip();
    let commands = reported.unwrap_or_default();
    let polled = state.poll.as_ref();
    let record = AttemptRecord {
        attempt: context.attempt.number,
        status,
        tried,
        exit_code: commands.exit_code.or(polled.map(|poll| poll.exit_code)),
        stdout_tail: commands.stdout_tail,
        stderr_tail: commands.stderr_tail,
        reason,
        instances: instances.into_iter().collect(),
        market: known.map(|instance| instance.market),
        kind: found.first().map(|instance| instance.kind.clone()).unwrap_or_default(),
        started_at: context.attempt.started,
        launched_at: known.map(|instance| instance.launched_at),
        ready_at: state.command.as_ref().and_then(|command| command.ready_at),
        commands_started_at: commands.started_at.or(polled.and_then(|poll| poll.started_at)),
        commands_ended_at: commands.ended_at.or(polled.and_then(|poll| poll.ended_at)),
        ended_at: clock.now(),
        output: state.check.and_then(|check| check.object),
        logs: state.command.map(|command| command.logs).unwrap_or_default(),
    };
    let mut attempts = state.attempts;
    attempts.push(record);
    let warnings = job.map(|job| job.warnings.clone()).unwrap_or_default();
    Outcome::new(attempts, warnings)
}

/// The candidates that EC2 could not launch: those that the state names, and the one with which the attempt ended.
fn tried(
    job: &Job,
    context: &Context,
    before: &[AttemptRecord],
    causes: &str,
    last: Option<&ErrorReport>,
    deployment: &Deployment,
) -> Vec<Tried> {
    let region = job.region.as_ref().unwrap_or(&deployment.region);
    let candidates = launch::candidates(job, deployment, region, &context.attempt_id(), before);
    let last = last.filter(|report| report.error_type == ErrorKind::CapacityUnavailable.name());
    launch::tried(causes, last, candidates)
}

/// `run_options.fail_execution`, even from a document that is not valid.
fn wants_failure(document: &Value) -> Option<bool> {
    document.pointer("/run_options/fail_execution")?.as_bool()
}

impl CaughtError {
    /// Which of our errors it is; `None` for one of Step Functions or Lambda (`States.Timeout`, `Lambda.Unknown`).
    fn kind(&self) -> Option<ErrorKind> {
        ErrorKind::parse(&self.error)
    }

    /// An error that is not ours says nothing about the attempt, so it counts as internal.
    fn status(&self) -> Status {
        self.kind().map_or(Status::InternalError, ErrorKind::status)
    }

    /// What the failed step may have left behind. An error that is not ours says nothing about that, and neither does one of
    /// ours from a repetition: the answer of an earlier try may have been lost.
    fn leftover(&self) -> Leftover {
        match self.kind().map_or(Leftover::Unknown, ErrorKind::leftover) {
            Leftover::Nothing if !self.report().is_of_first_try() => Leftover::Unknown,
            leftover => leftover,
        }
    }

    /// The better error, if the caught one says only that the instance did not answer, and EC2 knows why it ended.
    ///
    /// The instance may have ended after the last check, or between two tries of the launch, of which EC2 refused the
    /// second.
    fn explained_by(&self, instances: &[Instance]) -> Option<Self> {
        let (ErrorKind::InstanceNotReady
        | ErrorKind::InstanceBooting
        | ErrorKind::QueuedInstanceNotReady
        | ErrorKind::LaunchFailed) = self.kind()?
        else {
            return None;
        };
        let ended = instances.iter().find(|instance| instance_end::was_without_a_call(instance))?;
        let error = instance_end::before_commands(ended)?;
        Some(Self { error: error.name().to_owned(), cause: serde_json::to_string(&error.report()).ok() })
    }

    /// Our own report, or the text of Step Functions or Lambda.
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

#[cfg(test)]
mod tests;
