//! The promises, checked against what really happened.

mod evidence;
mod fleet;
mod launches;
mod ledger;
mod outcome;
mod promise;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use evidence::{Aftermath, Evidence, ExecutionRecord};
pub(crate) use fleet::{FleetRecord, FleetRunRecord, section};
pub use promise::{Excuse, Invariant, Violation};

use crate::faults::InstanceFault;
use crate::schedule::{Scenario, ScriptRun};
use ec2_ops_sandbox::ec2::InstanceRecord;
use ec2_ops_sandbox::ec2::api::InstanceStateName;

/// The result of a check.
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

/// Finds every broken promise, and what only looks like one.
pub(crate) fn check(evidence: &Evidence<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let instances = evidence.account.ec2.instances();
    let control_plane_gone = evidence.schedule.mix.is_dark().then_some(Excuse::ControlPlaneGone);
    for (scenario, execution) in evidence.schedule.executions.iter().zip(evidence.executions) {
        let ours: Vec<_> =
            instances.iter().filter(|record| record.instance.image_id == scenario.image).collect();
        for record in &ours {
            still_running(evidence, record, &mut verdict);
        }
        // A row that the fleet has not started.
        let Some(execution) = execution else { continue };
        // An execution that was ended from outside finds its instances by their tags only.
        let tags_edited = tags_edited(evidence, &ours).then_some(Excuse::TagsEdited);
        let unfindable = tags_edited.filter(|_| !execution.ended_by_itself(evidence));
        for what in volumes(evidence, &ours, scenario) {
            let excuse = control_plane_gone.or(unfindable);
            verdict.broken_unless(excuse, Invariant::NoVolumeLeft, what);
        }
        if let Some(what) = outcome::untrue(evidence, scenario, execution) {
            verdict.broken_unless(control_plane_gone, Invariant::TrueOutcome, what);
        }
        launches::check(evidence, scenario, execution, &ours, &mut verdict);
        if let Some((excuse, what)) = ledger::gap(evidence, scenario, execution, &ours) {
            let excuse = control_plane_gone.or(unfindable).or(excuse);
            verdict.broken_unless(excuse, Invariant::TrueLedger, what);
        }
        if let Some(what) = launched_twice(&ours) {
            verdict.broken(Invariant::OneInstancePerAttempt, what);
        }
        if !execution.in_time {
            verdict.broken(Invariant::Ends, format!("{} does not end", execution.arn));
        }
        if execution.ended_too_soon {
            let what = format!("{} had ended and its instance ran on", execution.arn);
            verdict.broken_unless(control_plane_gone, Invariant::EndsCleanedUp, what);
        }
        if execution.aftermath == Aftermath::LeftRunning {
            let what = format!("{} was ended from outside and its instance runs on", execution.arn);
            verdict.broken_unless(tags_edited, Invariant::PromptCleanup, what);
        }
    }
    if let Some(orphan) = instances.iter().find(|i| Some(i.instance.instance_id.as_str()) == evidence.orphan)
    {
        still_running(evidence, orphan, &mut verdict);
    }
    for what in ran_twice(&evidence.history.script_runs) {
        verdict.broken(Invariant::CommandsOnce, what);
    }
    for what in touched(evidence) {
        verdict.broken(Invariant::BystandersUntouched, what);
    }
    if let Some(fleet) = evidence.fleet {
        fleet::check(evidence, fleet, &mut verdict);
    }
    for (name, role) in evidence.roles {
        for what in role.asked().refused {
            verdict.broken(Invariant::Permitted, format!("{name} may not {what}"));
        }
    }
    verdict
}

fn still_running(evidence: &Evidence<'_>, record: &InstanceRecord, verdict: &mut Verdict) {
    use InstanceStateName::{Pending, Running};
    let id = &record.instance.instance_id;
    if !matches!(record.state(), Pending | Running) {
        return;
    }
    // Without a control plane an instance has only the deadline that its script arms, and a reboot disarms it.
    let excuse = if !evidence.schedule.mix.is_dark() {
        evidence.history.tags_edited.contains(id).then_some(Excuse::TagsEdited)
    } else if evidence.history.fault_of(id) == Some(InstanceFault::Reboots) {
        Some(Excuse::Rebooted)
    } else {
        let has_run = evidence.history.script_runs.iter().any(|run| run.instance == *id);
        (!has_run).then_some(Excuse::NotArmed)
    };
    let what = format!("{id} is {}", record.state().as_str());
    verdict.broken_unless(excuse, Invariant::NothingRunning, what);
}

fn tags_edited(evidence: &Evidence<'_>, ours: &[&Arc<InstanceRecord>]) -> bool {
    ours.iter().any(|record| evidence.history.tags_edited.contains(&record.instance.instance_id))
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

/// Counts launches by attempt. Launches without a tag count as one attempt.
fn launched_twice(ours: &[&Arc<InstanceRecord>]) -> Option<String> {
    let mut launches: BTreeMap<&str, u32> = BTreeMap::new();
    for record in ours {
        let attempt = record.instance.tags.iter().find(|tag| tag.key == "ec2-ops:attempt");
        *launches.entry(attempt.map_or("", |tag| tag.value.as_str())).or_default() += 1;
    }
    let (attempt, count) = launches.into_iter().find(|(_, count)| *count > 1)?;
    Some(format!("attempt {attempt} launched {count} instances"))
}

fn ran_twice(runs: &[ScriptRun]) -> Vec<String> {
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
