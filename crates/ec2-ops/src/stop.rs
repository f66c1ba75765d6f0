//! EC2Stopper: ends the attempt's instances, then reports the outcome and decides what follows.
//!
//! Two more safety nets invoke the same function, from outside the state machine: [`abnormal_end`] and [`sweep`].

mod output_end;
mod state;

use serde::Deserialize;
use serde_json::Value;

use crate::clean::{VISIBILITY, end, find};
use crate::decision::{Decision, Next, RetryRules};
use crate::deployment::Deployment;
use crate::error::Error;
use crate::execution::Execution;
use crate::outcome::Outcome;
use crate::ports::{Clock, Executions, Instances, KeptOutput, Ledger, Volumes};
use crate::step::{Context, TaskOrEvent, write};
use crate::{abnormal_end, ledger, sweep, tags};

pub(crate) use state::{End, State};

/// What EC2Stopper is invoked with.
type Payload = TaskOrEvent<Task, Event>;

/// The task of the state machine.
#[derive(Deserialize)]
struct Task {
    execution: Execution,
    /// The whole state. The payload has the document only here: twice would exceed Step Functions' quota.
    state: State,
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
    ledger: &impl Ledger,
) -> Result<Value, Error> {
    match Payload::read(payload)? {
        Payload::Task(task) => end_attempt(task, deployment, clock, ec2, outputs, ledger).await,
        Payload::Event(Event::ExecutionEnded(event)) => {
            abnormal_end::handle(event, deployment, clock, ec2, executions, ledger).await
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
    ledger: &impl Ledger,
) -> Result<Value, Error> {
    let over = state.over.ok_or_else(|| Error::InternalError("unexpected payload: no `over`".to_owned()))?;
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
    let all = found.iter().flat_map(|(region, found)| found.iter().map(move |instance| (*region, instance)));
    let of_this_attempt: Vec<_> = all.filter(|(_, instance)| state.launched(instance)).collect();
    let is_unseen =
        known.is_none_or(|known| of_this_attempt.iter().all(|(_, instance)| instance.id != *known));
    let explanation = state.error.as_ref().and_then(|error| error.explained_by(&of_this_attempt));
    if explanation.is_some() {
        state.error = explanation;
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
    if !regions.is_empty() && is_unseen && clock.now().duration_since(over.at) < VISIBILITY {
        return Err(Error::CleanupPending("a new instance may not be visible yet".to_owned()));
    }
    let job = job.as_ref();
    let mut ended = state.end(over, clock.now());
    if let (Some(report), Some(instance), Some(command)) =
        (&mut ended.report, &state.instance, &state.command)
    {
        output_end::complete(&mut report.commands, &instance.id, command, deployment, outputs).await;
    }
    let record = state.record(ended, &context, job, &of_this_attempt, deployment);
    let mut warnings = job.map(|job| job.warnings.clone()).unwrap_or_default();
    if let Err(error) =
        ledger::write(deployment, &context.execution, &context.document, &record, ledger).await
    {
        warnings.push(format!("the ledger lacks attempt {}: {error}", record.attempt));
    }
    let mut attempts = state.attempts;
    attempts.push(record);
    let outcome = Outcome::new(attempts, warnings);
    write(&Decision::new(outcome, next, &RetryRules::of(job, deployment.backoff_s)))
}

#[cfg(test)]
mod tests;
