//! The promises, checked against what really happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ec2_ops::ids::{AttemptId, ExecutionId};
use ec2_ops::{AttemptRecord, Outcome, Status};
use ec2_ops_asl::Ending;

use super::execution::{Lived, ending, outcome as told_by};
use super::fault_kind::Fate;
use super::machines::{Ran, SimMachines};
use super::plan::{Plan, Scenario};
use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::ec2::InstanceRecord;
use ec2_ops_sandbox::ec2::api::InstanceStateName;
use ec2_ops_sandbox::iam::Role;
use ec2_ops_sandbox::ssm::EndStatus;

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// No instance runs whose execution is over.
    NothingRunning,
    /// Nothing runs any more in the moment in which an execution ends by itself.
    EndsCleanedUp,
    /// No volume is left that should be gone.
    NoVolumeLeft,
    /// An attempt launches at most one instance.
    OneInstancePerAttempt,
    /// An attempt's commands start at most once.
    CommandsOnce,
    /// The outcome says what really happened.
    TrueOutcome,
    /// Every execution ends, in bounded time.
    Ends,
    /// What is not ours is not touched.
    BystandersUntouched,
    /// With nothing else wrong, an abort or the machine's timeout is cleaned up within minutes.
    PromptCleanup,
    /// The policy of a function's role allows every call that the function makes.
    Permitted,
}

impl Invariant {
    /// Every promise, in words.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::NothingRunning, "nothing is left running"),
        (Self::EndsCleanedUp, "nothing runs when the end is told"),
        (Self::NoVolumeLeft, "no volume is left"),
        (Self::OneInstancePerAttempt, "one instance per attempt"),
        (Self::CommandsOnce, "commands start at most once"),
        (Self::TrueOutcome, "the outcome is true"),
        (Self::Ends, "every execution ends"),
        (Self::BystandersUntouched, "nothing of others is touched"),
        (Self::PromptCleanup, "an end from outside is prompt"),
        (Self::Permitted, "every call is permitted"),
    ];
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// Why something that looks like a broken promise is none: it was never promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excuse {
    /// The control plane is gone, and the commands, which arm the instance's own deadline, never came.
    NotArmed,
    /// The control plane is gone, and a reboot disarmed the deadline.
    Rebooted,
    /// The control plane is gone, so no step deletes a volume or writes an outcome.
    ControlPlaneGone,
}

impl Excuse {
    /// What was seen, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotArmed => "runs on: no deadline armed yet",
            Self::Rebooted => "runs on: reboot disarmed it",
            Self::ControlPlaneGone => "volume or outcome in the dark",
        }
    }
}

/// What judgement came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) violations: Vec<Violation>,
    pub(crate) excused: BTreeSet<Excuse>,
}

impl Verdict {
    fn broken(&mut self, invariant: Invariant, what: String) {
        self.violations.push(Violation { invariant, what });
    }

    fn broken_unless(&mut self, excuse: Option<Excuse>, invariant: Invariant, what: String) {
        match excuse {
            Some(excuse) => drop(self.excused.insert(excuse)),
            None => self.broken(invariant, what),
        }
    }
}

/// What is judged.
pub(crate) struct Evidence<'a> {
    pub(crate) account: &'a Account,
    pub(crate) plan: &'a Plan,
    pub(crate) machines: &'a SimMachines,
    pub(crate) executions: &'a [Lived],
    pub(crate) bystanders: &'a [String],
    /// The instance whose execution never existed.
    pub(crate) orphan: Option<&'a str>,
    pub(crate) roles: &'a BTreeMap<&'static str, Arc<Role>>,
}

/// Every broken promise, and what was none.
pub(crate) fn check(evidence: &Evidence<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let instances = evidence.account.ec2.instances();
    let runs = evidence.machines.runs();
    let control_plane_gone = evidence.plan.mix.is_dark().then_some(Excuse::ControlPlaneGone);
    for (scenario, lived) in evidence.plan.executions.iter().zip(evidence.executions) {
        let ours: Vec<_> =
            instances.iter().filter(|record| record.instance.image_id == scenario.image).collect();
        for record in &ours {
            still_running(evidence, record, &runs, &mut verdict);
        }
        for what in volumes(evidence, &ours, scenario) {
            verdict.broken_unless(control_plane_gone, Invariant::NoVolumeLeft, what);
        }
        if let Some(what) = outcome(evidence, scenario, lived, &runs) {
            verdict.broken_unless(control_plane_gone, Invariant::TrueOutcome, what);
        }
        if let Some(what) = launched_twice(&ours) {
            verdict.broken(Invariant::OneInstancePerAttempt, what);
        }
        if !lived.in_time {
            verdict.broken(Invariant::Ends, format!("{} does not end", lived.arn));
        }
        if lived.ended_too_soon {
            let what = format!("{} had ended and its instance ran on", lived.arn);
            verdict.broken_unless(control_plane_gone, Invariant::EndsCleanedUp, what);
        }
        if lived.left_running {
            let what = format!("{} was cut short and its instance runs on", lived.arn);
            verdict.broken(Invariant::PromptCleanup, what);
        }
    }
    if let Some(orphan) = instances.iter().find(|i| Some(i.instance.instance_id.as_str()) == evidence.orphan)
    {
        still_running(evidence, orphan, &runs, &mut verdict);
    }
    for what in ran_twice(&runs) {
        verdict.broken(Invariant::CommandsOnce, what);
    }
    for what in touched(evidence) {
        verdict.broken(Invariant::BystandersUntouched, what);
    }
    for (name, role) in evidence.roles {
        for what in role.asked().refused {
            verdict.broken(Invariant::Permitted, format!("{name} may not {what}"));
        }
    }
    verdict
}

fn still_running(evidence: &Evidence<'_>, record: &InstanceRecord, runs: &[Ran], verdict: &mut Verdict) {
    use InstanceStateName::{Pending, Running};
    let id = &record.instance.instance_id;
    if !matches!(record.state(), Pending | Running) {
        return;
    }
    // Without a control plane an instance has only the deadline that its script has armed, and that a reboot disarms.
    let excuse = if !evidence.plan.mix.is_dark() {
        None
    } else if evidence.machines.fate_of(id) == Some(Fate::Reboots) {
        Some(Excuse::Rebooted)
    } else {
        (!runs.iter().any(|run| run.instance == *id)).then_some(Excuse::NotArmed)
    };
    let what = format!("{id} is {}", record.state().as_str());
    verdict.broken_unless(excuse, Invariant::NothingRunning, what);
}

fn volumes(evidence: &Evidence<'_>, ours: &[&Arc<InstanceRecord>], scenario: &Scenario) -> Vec<String> {
    if scenario.document["run_options"]["ii_delete_volume"] != true {
        return Vec::new();
    }
    let mut left = evidence.account.ec2.volumes();
    left.retain(|record| {
        let tag = record.volume.tags.iter().find(|tag| tag.key == "ec2-ops:execution");
        let of_us = ours.iter().any(|instance| {
            instance.instance.tags.iter().any(|other| Some(other) == tag)
                || record.volume.attachments.iter().any(|a| a.instance_id == instance.instance.instance_id)
        });
        of_us && tag.is_some()
    });
    left.iter()
        .map(|record| format!("{} is {}", record.volume.volume_id, record.volume.state.as_str()))
        .collect()
}

/// Launches are counted by attempt; where the launch had no tags, by nothing, so all of them are one.
fn launched_twice(ours: &[&Arc<InstanceRecord>]) -> Option<String> {
    let mut launches: BTreeMap<&str, u32> = BTreeMap::new();
    for record in ours {
        let attempt = record.instance.tags.iter().find(|tag| tag.key == "ec2-ops:attempt");
        *launches.entry(attempt.map_or("", |tag| tag.value.as_str())).or_default() += 1;
    }
    let (attempt, count) = launches.into_iter().find(|(_, count)| *count > 1)?;
    Some(format!("attempt {attempt} launched {count} instances"))
}

fn ran_twice(runs: &[Ran]) -> Vec<String> {
    let mut starts: BTreeMap<&str, u32> = BTreeMap::new();
    for run in runs {
        *starts.entry(&run.comment).or_default() += 1;
    }
    let twice = starts.into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(comment, count)| format!("the commands {comment} were started {count} times")).collect()
}

fn touched(evidence: &Evidence<'_>) -> Vec<String> {
    let instances = evidence.account.ec2.instances();
    let gone = evidence.bystanders.iter().filter(|id| {
        !instances
            .iter()
            .any(|record| record.instance.instance_id == **id && record.state() == InstanceStateName::Running)
    });
    gone.map(|id| format!("{id} of others was touched")).collect()
}

/// What is wrong with what the execution tells.
fn outcome(evidence: &Evidence<'_>, scenario: &Scenario, lived: &Lived, runs: &[Ran]) -> Option<String> {
    let told = match ending(evidence.account, &lived.arn) {
        // There is nobody to tell.
        Ok(None | Some(Ending::Aborted(_) | Ending::TimedOut)) => return None,
        Ok(Some(ending)) => told_by(&ending),
        Err(error) => return Some(error.to_string()),
    };
    let outcome: Outcome = match serde_json::from_value(told) {
        Ok(outcome) => outcome,
        Err(error) => return Some(format!("{} tells no outcome: {error}", lived.arn)),
    };
    if outcome.attempts.last().map(|attempt| attempt.status) != Some(outcome.status) {
        return Some(format!("{} tells {:?} and its last attempt another", lived.arn, outcome.status));
    }
    outcome.attempts.iter().find_map(|attempt| {
        let id = AttemptId { execution: ExecutionId::new(&lived.arn), attempt: attempt.attempt };
        let comment = id.fingerprint();
        let ran = runs.iter().find(|run| run.comment == comment);
        let fate = attempt.instances.iter().find_map(|instance| evidence.machines.fate_of(instance.as_str()));
        (!is_true(evidence, scenario, attempt, ran, fate)).then(|| {
            format!(
                "attempt {} tells {:?} ({:?}); really {ran:?}, {fate:?}",
                attempt.attempt, attempt.status, attempt.reason
            )
        })
    })
}

/// Whether an attempt's status agrees with what became of its script and of its instance.
fn is_true(
    evidence: &Evidence<'_>,
    scenario: &Scenario,
    attempt: &AttemptRecord,
    ran: Option<&Ran>,
    fate: Option<Fate>,
) -> bool {
    let end = ran.and_then(|run| run.ended.as_ref());
    let ended = |status| end.is_some_and(|end| end.status == status);
    let wrote = ran.is_some_and(|run| run.wrote_output);
    let never_ready = scenario.lives.iter().any(|life| life.agent_after.is_none());
    match attempt.status {
        Status::Succeeded => ended(EndStatus::Success) && (wrote || !scenario.checked),
        Status::CommandFailed => ended(EndStatus::Failed),
        // SSM never hears of the end of what a dead agent or a reboot has cut off.
        Status::CommandTimedOut => {
            ended(EndStatus::TimedOut) || matches!(fate, Some(Fate::AgentDies | Fate::Reboots))
        }
        Status::OutputMissing => ended(EndStatus::Success) && scenario.checked && !wrote,
        Status::InstanceLost => fate.is_some(),
        Status::SpotInterrupted => fate == Some(Fate::SpotInterruption),
        Status::CapacityUnavailable => evidence.plan.mix.capacity > 0.0,
        Status::LaunchFailed => {
            ran.is_none() && (never_ready || fate.is_some() || !evidence.plan.mix.is_calm())
        }
        Status::InternalError => !evidence.plan.mix.is_calm(),
        _ => false,
    }
}
