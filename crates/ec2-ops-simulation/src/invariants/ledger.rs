//! Whether the ledger has one line of each attempt, and whether the line is true.

use std::collections::BTreeMap;
use std::sync::Arc;

use ec2_ops::ids::ExecutionId;
use ec2_ops::ledger::{Line, PREFIX};
use ec2_ops::{AttemptRecord, Execution, Outcome, Status};
use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::ec2::InstanceRecord;
use ec2_ops_sandbox::s3::ListObjectsV2;

use super::evidence::{Evidence, ExecutionRecord};
use super::promise::Excuse;
use crate::harness::executions;
use crate::schedule::Scenario;

/// What is wrong with the lines of the execution, which launched `ours`.
pub(super) fn gap(
    evidence: &Evidence<'_>,
    scenario: &Scenario,
    execution: &ExecutionRecord,
    ours: &[&Arc<InstanceRecord>],
) -> Option<(Option<Excuse>, String)> {
    let lines = match lines_of(evidence.account, &execution.arn) {
        Ok(lines) => lines,
        Err(error) => return Some((None, error)),
    };
    let ending = executions::ending(evidence.account, &execution.arn).ok()??;
    let reported = serde_json::from_value::<Outcome>(executions::outcome(&ending)).ok();
    let wrong = lines.values().find_map(|line| match &reported {
        Some(outcome) => differs(evidence, execution, line, &outcome.attempts),
        None => untrue(line, ours),
    });
    let wrong = wrong.map(|what| (None, what));
    wrong.or_else(|| {
        let excuse = (reported.is_none() && ends_slowly(evidence, scenario)).then_some(Excuse::LineOfSlowEnd);
        Some((excuse, missing(evidence, &lines, reported.as_ref(), ours)?))
    })
}

/// Whether the cleanup after an end from outside may take longer than the few minutes in which Lambda tries the event again.
fn ends_slowly(evidence: &Evidence<'_>, scenario: &Scenario) -> bool {
    let options = &scenario.document["run_options"];
    // The volumes of a stopped instance are detached first.
    let detaches = options["ii_delete_volume"] == true && options["ii_terminate_instance"] != true;
    // EC2 did not show the instance to the first try.
    let appears_late = !evidence.schedule.visible_after.is_zero();
    detaches
        || appears_late
        || evidence.schedule.slow_end.is_some()
        || !evidence.schedule.resistance().is_zero()
}

/// The lines of one execution, by attempt.
fn lines_of(account: &Account, arn: &str) -> Result<BTreeMap<u32, Line>, String> {
    let names = Names::default();
    let name = arn.rsplit(':').next().unwrap_or_default();
    let (mut lines, mut after) = (BTreeMap::new(), None);
    loop {
        let query =
            ListObjectsV2 { prefix: PREFIX, start_after: after.as_deref(), ..ListObjectsV2::default() };
        let page = account.s3.list_objects_v2(&names.log_bucket, query).map_err(|error| error.to_string())?;
        for (key, object) in page.contents.iter().filter(|(key, _)| key.contains(&format!("/{name}-"))) {
            let line: Line =
                serde_json::from_slice(&object.body).map_err(|error| format!("{key}: {error}"))?;
            if line.key() != *key {
                return Err(format!("{key} has the line of {}", line.key()));
            }
            if line.execution_arn == arn && lines.insert(line.attempt, line).is_some() {
                return Err(format!("{key} is the second line of its attempt"));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(lines);
        }
    }
}

/// A line says what the execution's outcome says of the attempt.
fn differs(
    evidence: &Evidence<'_>,
    execution: &ExecutionRecord,
    line: &Line,
    attempts: &[AttemptRecord],
) -> Option<String> {
    let Some(record) = attempts.iter().find(|record| record.attempt == line.attempt) else {
        return Some(format!("{} is of an attempt that the outcome does not know", line.key()));
    };
    // Written when the execution was stopped; a redrive went on with the attempt, and S3 may have refused the line of its end.
    let is_outdated = matches!(line.status, Status::Aborted | Status::InternalError);
    if is_outdated && line.status != record.status && !evidence.schedule.is_calm() {
        return None;
    }
    let id = ExecutionId::new(&execution.arn);
    let described = evidence.account.stepfunctions.execution(&execution.arn).ok()?;
    let started = described.started();
    // A fleet adds the number of the row to its document.
    let of_outcome = Line::new(&line.deployment, &Execution { id, started }, described.input(), record);
    // The outcome abridges what earlier attempts say. An answer may lack what explains an instance.
    let same = |line: &Line| {
        let Line { status, exit_code, instance, market, started_at, over_at, .. } = line.clone();
        let Line { ready_at, commands_ended_at, output, document_sha256, project, variables, .. } =
            line.clone();
        let times = (started_at, ready_at, commands_ended_at, over_at);
        (status, exit_code, instance, market, times, output, (document_sha256, project, variables))
    };
    let differs = same(&of_outcome) != same(line);
    differs.then(|| format!("{line:?} is in the ledger; the outcome says {of_outcome:?}"))
}

/// The line of an execution without an outcome names an instance of the attempt, and how EC2 knows it.
fn untrue(line: &Line, ours: &[&Arc<InstanceRecord>]) -> Option<String> {
    let id = line.instance.as_ref()?;
    let record = ours.iter().find(|record| record.instance.instance_id == id.as_str());
    let Some(record) = record else { return Some(format!("{} names {id}, which is not ours", line.key())) };
    let instance = &record.instance;
    let differs = |line: Option<&String>, ec2: &str| line.is_some_and(|line| line != ec2);
    // If EC2's answers lacked what explains an instance, the line has the time of the call.
    let known = line.instance_type.is_some();
    // EC2's times have whole seconds.
    let launched = instance.launch_time.as_second();
    let is_wrong = attempt_of(record) != Some(line.attempt)
        || differs(line.instance_type.as_ref(), &instance.instance_type)
        || differs(line.image.as_ref(), &instance.image_id)
        || line.launched_at.is_some_and(|at| {
            let at = at.as_second();
            if known { at != launched } else { at > launched }
        });
    is_wrong.then(|| format!("{line:?} is in the ledger; EC2 has {instance:?}"))
}

/// An attempt without a line: of an outcome that does not say so, or of anything at all where nothing went wrong.
fn missing(
    evidence: &Evidence<'_>,
    lines: &BTreeMap<u32, Line>,
    reported: Option<&Outcome>,
    ours: &[&Arc<InstanceRecord>],
) -> Option<String> {
    let is_calm = evidence.schedule.is_calm();
    let last = reported.and_then(|outcome| outcome.attempts.last()).filter(|_| {
        reported.is_some_and(|outcome| !outcome.warnings.iter().any(|warning| warning.contains("ledger")))
    });
    let of_outcome = reported.map(|outcome| &outcome.attempts).into_iter().flatten().filter(|_| is_calm);
    let launched = ours.iter().filter(|_| is_calm).filter_map(|record| attempt_of(record));
    let mut expected = last.into_iter().chain(of_outcome).map(|record| record.attempt).chain(launched);
    let attempt = expected.find(|attempt| !lines.contains_key(attempt))?;
    let status = reported.map(|outcome| outcome.status);
    Some(format!("the ledger lacks attempt {attempt} of an execution that reports {status:?}"))
}

fn attempt_of(record: &InstanceRecord) -> Option<u32> {
    let tag = record.instance.tags.iter().find(|tag| tag.key == "ec2-ops:attempt")?;
    tag.value.parse().ok()
}
