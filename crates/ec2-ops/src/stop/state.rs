//! The state as EC2Stopper gets it: how far the attempt got, and what it ended with.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::check::CheckSection;
use crate::decision::{Next, RetryRules};
use crate::deployment::Deployment;
use crate::document::Job;
use crate::error::{ErrorKind, ErrorReport, Leftover};
use crate::ids::Region;
use crate::instance_end;
use crate::launch::{self, Tried};
use crate::outcome::AttemptRecord;
use crate::poll::PollSection;
use crate::ports::Instance;
use crate::status::Status;
use crate::step::{Attempt, CommandSection, Context, InstanceSection};
use crate::tags;

/// The state. Its optional sections depend on how far the attempt got.
#[derive(Deserialize)]
pub(crate) struct State {
    pub(crate) document: Value,
    pub(crate) attempt: Attempt,
    pub(crate) attempts: Vec<AttemptRecord>,
    pub(crate) instance: Option<InstanceSection>,
    pub(crate) command: Option<CommandSection>,
    pub(crate) poll: Option<PollSection>,
    pub(crate) check: Option<CheckSection>,
    pub(crate) error: Option<CaughtError>,
    /// The reports of the candidates that EC2 could not launch, one after another.
    #[serde(default)]
    pub(crate) tried: String,
    /// Absent while the attempt goes on.
    pub(crate) over: Option<OverSection>,
    /// What EC2Stopper wrote, if it has ended the attempt.
    pub(crate) outcome: Option<IgnoredAny>,
}

/// The section of the state before EC2Stopper.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct OverSection {
    /// When the attempt was over.
    pub(crate) at: Timestamp,
}

/// The section of a Catch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CaughtError {
    error: String,
    cause: Option<String>,
}

/// How an attempt ended.
pub(crate) struct End {
    pub(crate) status: Status,
    /// Of what went wrong.
    pub(crate) report: Option<ErrorReport>,
    /// When it was over.
    pub(crate) over_at: Timestamp,
    /// The same, cleanup included.
    pub(crate) ended_at: Timestamp,
}

impl State {
    pub(crate) fn status(&self) -> Status {
        self.error.as_ref().map_or(Status::Succeeded, CaughtError::status)
    }

    /// How the attempt ended, when nothing cut it off.
    pub(crate) fn end(&self, over: OverSection, ended_at: Timestamp) -> End {
        let report = self.error.as_ref().map(CaughtError::report);
        End { status: self.status(), report, over_at: over.at, ended_at }
    }

    /// What follows on the attempt.
    pub(crate) fn next(&self, context: &Context, job: Option<&Job>, deployment: &Deployment) -> Next {
        Next::after(
            self.status(),
            context.attempt.number,
            &RetryRules::of(job, deployment.backoff_s),
            wants_failure(&context.document).unwrap_or(deployment.fail_execution),
        )
    }

    /// The regions in which the attempt may have left an instance: none if nothing was launched, and every one that it can
    /// have launched in if that is not known.
    pub(crate) fn regions(&self, job: Option<&Job>, deployment: &Deployment) -> Vec<Region> {
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

    /// Whether the instance is of this attempt: by its tag, or as the one that the launch answered.
    pub(crate) fn launched(&self, instance: &Instance) -> bool {
        instance.tags.get(tags::ATTEMPT) == Some(&self.attempt.number.to_string())
            || self.instance.as_ref().is_some_and(|known| known.id == instance.id)
    }

    /// The record of the attempt, which ended like this and launched `instances`.
    pub(crate) fn record(
        &self,
        end: End,
        context: &Context,
        job: Option<&Job>,
        instances: &[(&Region, &Instance)],
        deployment: &Deployment,
    ) -> AttemptRecord {
        let End { status, report, over_at, ended_at } = end;
        let tried = job
            .map(|job| tried(job, context, &self.attempts, &self.tried, report.as_ref(), deployment))
            .unwrap_or_default();
        let (reason, reported) = report.map(|report| (report.message, report.commands)).unzip();
        let commands = reported.unwrap_or_default();
        let mut ids: Vec<_> = instances.iter().map(|(_, instance)| instance.id.clone()).collect();
        ids.extend(self.instance.iter().map(|instance| instance.id.clone()));
        ids.sort();
        ids.dedup();
        let (region, machine) = instances.first().copied().unzip();
        let section = self.instance.as_ref();
        let command = self.command.as_ref();
        let poll = self.poll.as_ref();
        let check = self.check.as_ref();
        AttemptRecord {
            attempt: self.attempt.number,
            status,
            tried,
            exit_code: commands.exit_code.or(poll.map(|poll| poll.exit_code)),
            stdout_tail: commands.stdout_tail,
            stderr_tail: commands.stderr_tail,
            reason,
            instances: ids,
            market: section.map(|instance| instance.market).or(machine.map(Instance::market)),
            region: section.map(|instance| &instance.region).or(region).cloned(),
            kind: machine.map(|machine| machine.kind.clone()).unwrap_or_default(),
            started_at: self.attempt.started,
            // The section has the time of the call where EC2 did not say it.
            launched_at: machine
                .and_then(|machine| machine.launched_at)
                .or(section.map(|instance| instance.launched_at)),
            ready_at: command.and_then(|command| command.ready_at),
            commands_started_at: commands.started_at.or(poll.and_then(|poll| poll.started_at)),
            commands_ended_at: commands.ended_at.or(poll.and_then(|poll| poll.ended_at)),
            over_at: Some(over_at),
            stopped_at: machine.and_then(|machine| machine.told_to_end_at),
            ended_at,
            output: check.and_then(|check| check.object.clone()),
            output_size: check.and_then(|check| check.size),
            logs: command.map(|command| command.logs.clone()).unwrap_or_default(),
        }
    }
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
    pub(crate) fn explained_by(&self, instances: &[(&Region, &Instance)]) -> Option<Self> {
        let (ErrorKind::InstanceNotReady
        | ErrorKind::InstanceBooting
        | ErrorKind::QueuedInstanceNotReady
        | ErrorKind::LaunchFailed) = self.kind()?
        else {
            return None;
        };
        let mut instances = instances.iter().map(|(_, instance)| *instance);
        let ended = instances.find(|instance| instance_end::was_without_a_call(instance))?;
        let error = instance_end::before_commands(ended)?;
        Some(Self { error: error.name().to_owned(), cause: serde_json::to_string(&error.report()).ok() })
    }

    /// Our own report, or the text of Step Functions or Lambda.
    pub(crate) fn report(&self) -> ErrorReport {
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
