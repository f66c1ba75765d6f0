//! Whether launches were those that the document asks for: in its order, after its inputs, and no more of them.

use std::sync::Arc;

use ec2_ops::{AttemptRecord, Outcome, Status};
use serde_json::Value;

use super::evidence::{Evidence, ExecutionRecord};
use super::{Invariant, Verdict};
use crate::harness::executions;
use crate::schedule::{BUCKET, Scenario};
use ec2_ops_sandbox::ec2::InstanceRecord;

/// A type, a subnet, and whether it is on Spot.
type Candidate = (String, Option<String>, bool);

/// Checks the launches of one execution, whose instances are `ours`.
pub(super) fn check(
    evidence: &Evidence<'_>,
    scenario: &Scenario,
    execution: &ExecutionRecord,
    ours: &[&Arc<InstanceRecord>],
    verdict: &mut Verdict,
) {
    for record in ours {
        if let Some(what) = before_its_input(evidence, scenario, record) {
            verdict.broken(Invariant::InputsFirst, what);
        }
    }
    let ending = executions::ending(evidence.account, &execution.arn).ok().flatten();
    let reported = ending.as_ref().map(executions::outcome).unwrap_or_default();
    let Ok(Outcome { attempts, .. }) = serde_json::from_value(reported) else { return };
    if let Some(what) = retried_unasked(scenario, &attempts) {
        verdict.broken(Invariant::RetriesAsAsked, what);
    }
    if let Some(what) = out_of_order(scenario, &attempts, ours) {
        verdict.broken(Invariant::CandidatesInOrder, what);
    }
}

fn before_its_input(evidence: &Evidence<'_>, scenario: &Scenario, record: &InstanceRecord) -> Option<String> {
    let input = scenario.input.as_ref()?;
    let id = &record.instance.instance_id;
    match evidence.account.s3.get_object(BUCKET, &input.key) {
        Ok(found) if found.last_modified <= record.instance.launch_time => None,
        Ok(found) => Some(format!("{id} was launched before {}, its input", found.last_modified)),
        Err(_) => Some(format!("{id} was launched and its input never existed")),
    }
}

fn retried_unasked(scenario: &Scenario, attempts: &[AttemptRecord]) -> Option<String> {
    let asked = scenario.document["run_options"]["retry_on"].as_array()?;
    let (_, earlier) = attempts.split_last()?;
    let unasked = earlier.iter().find(|attempt| !asked.contains(&format!("{:?}", attempt.status).into()))?;
    Some(format!("another attempt followed on {:?}", unasked.status))
}

/// Compares the candidates that the last attempt tried, and the one that it launched, with the document. The records of
/// earlier attempts do not name all of theirs.
fn out_of_order(
    scenario: &Scenario,
    attempts: &[AttemptRecord],
    ours: &[&Arc<InstanceRecord>],
) -> Option<String> {
    let (last, earlier) = attempts.split_last()?;
    let expected = candidates(scenario, last, earlier);
    let spot = |market: &str| market == "spot";
    let mut tried: Vec<Candidate> = last
        .tried
        .iter()
        .map(|tried| (tried.instance_type.clone(), tried.subnet.clone(), spot(tried.market.as_str())))
        .collect();
    let launched =
        ours.iter().find(|record| last.instances.iter().any(|id| id.as_str() == record.instance.instance_id));
    let launched = launched.map(|record| {
        let instance = &record.instance;
        (instance.instance_type.clone(), instance.subnet_id.clone(), instance.instance_lifecycle.is_some())
    });
    let exhausted = last.status == Status::CapacityUnavailable && launched.is_none();
    tried.extend(launched);
    let wrong = !expected.starts_with(&tried) || (exhausted && tried.len() < expected.len());
    wrong.then(|| format!("attempt {} tried {tried:?} of {expected:?}", last.attempt))
}

/// The candidates of `attempt`, as the documentation says.
fn candidates(scenario: &Scenario, attempt: &AttemptRecord, earlier: &[AttemptRecord]) -> Vec<Candidate> {
    let instance = &scenario.document["instance_parameters"];
    let values = |field: &str| match &instance[field] {
        Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        value => vec![value.as_str().map(str::to_owned)],
    };
    let on_demand_only = scenario.document["run_options"]["ii_cheapo"] != true
        || attempt.attempt >= scenario.attempts
        || earlier.iter().any(|attempt| attempt.status == Status::CapacityUnavailable);
    let mut all = Vec::new();
    for spot in [true, false].into_iter().filter(|spot| !(*spot && on_demand_only)) {
        for instance_type in values("InstanceType") {
            for subnet in values("SubnetId") {
                all.push((instance_type.clone().unwrap_or_default(), subnet, spot));
            }
        }
    }
    all
}
