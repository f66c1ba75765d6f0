//! The candidates of an attempt: which type, in which subnet, on which market, in which order.
//!
//! The launch state tries one candidate for each visit. The candidate's number is in the state and in the client token. A
//! loop in one invocation could launch twice: it dies after it has launched its second candidate, and its repetition begins
//! with the first, for which EC2 may have capacity by then.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deployment::Deployment;
use crate::document::{Job, OneOrMore};
use crate::error::ErrorReport;
use crate::ids::{AttemptId, Region};
use crate::outcome::AttemptRecord;
use crate::status::Status;
use crate::step::Market;

/// One way to launch the attempt's instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Candidate {
    #[serde(rename = "type")]
    pub(crate) instance_type: String,
    /// `None`: the document places the instance in another way, or EC2 chooses the subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subnet: Option<String>,
    pub(crate) market: Market,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_words(&self.instance_type, self.market, self.subnet.as_deref()))
    }
}

/// `t4g.nano spot in subnet-0123456789abcdef0`
fn in_words(instance_type: &str, market: Market, subnet: Option<&str>) -> String {
    let place = subnet.map(|subnet| format!(" in {subnet}")).unwrap_or_default();
    format!("{instance_type} {}{place}", market.as_str())
}

/// A candidate that EC2 could not launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The instance type.
    #[serde(rename = "type")]
    pub instance_type: String,
    /// The subnet, if the launch named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<String>,
    /// How it would have been bought.
    pub market: Market,
    /// EC2's code, and the beginning of its message.
    pub error: String,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let launch = in_words(&self.instance_type, self.market, self.subnet.as_deref());
        write!(f, "{launch}: {}", self.error)
    }
}

/// The candidates of `attempt`, in the order in which it tries them: every subnet of the first type, then every subnet of
/// the next; all of them on Spot, then all on demand, if the document asks for both.
///
/// The order depends only on the arguments, so every step of the attempt finds the same candidate under a number.
pub(crate) fn candidates(
    job: &Job,
    deployment: &Deployment,
    region: &Region,
    attempt: &AttemptId,
    before: &[AttemptRecord],
) -> Vec<Candidate> {
    let subnets = subnets(job, deployment, region, attempt);
    let of_type = |market, instance_type: &String| {
        let instance_type = instance_type.clone();
        subnets.iter().map(move |subnet| Candidate {
            instance_type: instance_type.clone(),
            subnet: subnet.clone(),
            market,
        })
    };
    let types = job.instance.instance_type.as_slice();
    let on = |market| types.iter().flat_map(move |instance_type| of_type(market, instance_type));
    markets(job, attempt.attempt, before).iter().flat_map(|market| on(*market)).collect()
}

/// On demand alone for the last attempt, and after an attempt for which EC2 had no capacity; otherwise Spot first if the
/// document asks for it. A document with options of its own for Spot gets Spot alone.
fn markets(job: &Job, attempt: u32, before: &[AttemptRecord]) -> &'static [Market] {
    let last = attempt >= job.attempts_allowed;
    let no_capacity = before.iter().any(|attempt| attempt.status == Status::CapacityUnavailable);
    if job.instance.instance_market_options.is_some() {
        &[Market::Spot]
    } else if job.spot_first && !last && !no_capacity {
        &[Market::Spot, Market::OnDemand]
    } else {
        &[Market::OnDemand]
    }
}

/// The document's subnets in its order, or the deployment's. Of the latter the attempt begins with its turn, so that
/// executions spread over the zones.
fn subnets(job: &Job, deployment: &Deployment, region: &Region, attempt: &AttemptId) -> Vec<Option<String>> {
    let named = job.instance.subnet_id.as_ref().map_or(&[][..], OneOrMore::as_slice);
    let mut subnets = match deployment.instance_defaults.get(region) {
        Some(defaults) if !job.instance.is_placed() => {
            let mut subnets = defaults.subnet_ids.clone();
            let first = attempt.turn(subnets.len());
            subnets.rotate_left(first);
            subnets
        }
        _ => named.to_vec(),
    }
    .into_iter()
    .map(Some)
    .collect::<Vec<_>>();
    if subnets.is_empty() {
        subnets.push(None);
    }
    subnets
}

/// What became of the first candidates: `causes` has the report of each error, one after another, as the state machine has
/// collected them. `last` is the error of the next one, if the attempt ended with that.
pub(crate) fn tried(causes: &str, last: Option<&ErrorReport>, candidates: Vec<Candidate>) -> Vec<Tried> {
    let reports = serde_json::Deserializer::from_str(causes).into_iter::<ErrorReport>();
    let reports = reports.map_while(Result::ok).chain(last.cloned());
    let tried = |(Candidate { instance_type, subnet, market }, report): (Candidate, ErrorReport)| Tried {
        instance_type,
        subnet,
        market,
        error: report.message.chars().take(LONGEST_ERROR).collect(),
    };
    candidates.into_iter().zip(reports).map(tried).collect()
}

/// In characters. A record names many candidates, and the reason of the attempt has the whole text.
const LONGEST_ERROR: usize = 140;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::InstanceDefaults;
    use crate::fakes::{attempt_record, deployment};
    use crate::ids::ExecutionId;
    use crate::launch::plan::tests::job;
    use serde_json::{Value, json};

    fn attempt(number: u32) -> AttemptId {
        AttemptId { execution: ExecutionId::new("arn:x:run-7"), attempt: number }
    }

    fn deployment_with(subnets: &[&str]) -> Deployment {
        let subnet_ids = subnets.iter().map(|subnet| (*subnet).to_owned()).collect();
        let defaults = InstanceDefaults { subnet_ids, ..InstanceDefaults::default() };
        let mut deployment = deployment();
        deployment.instance_defaults.insert(Region::new("us-east-1"), defaults);
        deployment
    }

    /// Each candidate in short: `type subnet market`.
    fn of(job: &Job, deployment: &Deployment, number: u32, before: &[AttemptRecord]) -> Vec<String> {
        let all = candidates(job, deployment, &Region::new("us-east-1"), &attempt(number), before);
        let short = |c: &Candidate| {
            format!("{} {} {}", c.instance_type, c.subnet.as_deref().unwrap_or("-"), c.market.as_str())
        };
        all.iter().map(short).collect()
    }

    fn choices() -> Value {
        json!({ "InstanceType": ["t4g.nano", "t4g.micro"], "SubnetId": ["subnet-0000000a", "subnet-0000000b"] })
    }

    #[test]
    fn every_subnet_of_the_first_type_comes_before_the_next_type() {
        let expected = [
            "t4g.nano subnet-0000000a",
            "t4g.nano subnet-0000000b",
            "t4g.micro subnet-0000000a",
            "t4g.micro subnet-0000000b",
        ];
        let on_demand = expected.map(|choice| format!("{choice} on-demand"));
        assert_eq!(of(&job(&json!({}), &choices()), &deployment(), 1, &[]), on_demand);
        let cheap = json!({ "ii_cheapo": true, "n_retries_allowed": 1 });
        let spot = expected.map(|choice| format!("{choice} spot"));
        assert_eq!(of(&job(&cheap, &choices()), &deployment(), 1, &[]), [spot, on_demand].concat());
    }

    #[test]
    fn the_subnets_of_the_deployment_count_where_the_document_places_nothing() {
        let deployment = deployment_with(&["subnet-x", "subnet-y", "subnet-z"]);
        let plain = job(&json!({}), &json!({}));
        let (first, second) = (of(&plain, &deployment, 1, &[]), of(&plain, &deployment, 2, &[]));
        assert_eq!(first.len(), 3);
        assert_eq!(first[1..], second[..2], "the next attempt begins one subnet later");
        assert_eq!(second[2], first[0]);
        assert_eq!(of(&job(&json!({}), &choices()), &deployment, 1, &[]).len(), 4);
        let grouped = job(&json!({}), &json!({ "SecurityGroupIds": ["sg-00000001"] }));
        assert_eq!(of(&grouped, &deployment, 1, &[]), ["t4g.nano - on-demand"]);
        assert_eq!(of(&plain, &deployment_with(&[]), 1, &[]), ["t4g.nano - on-demand"]);
    }

    #[test]
    fn spot_comes_first_until_the_last_attempt_or_one_without_capacity() {
        const SPOT: &[Market] = &[Market::Spot];
        const ON_DEMAND: &[Market] = &[Market::OnDemand];
        const BOTH: &[Market] = &[Market::Spot, Market::OnDemand];
        let cheap = json!({ "ii_cheapo": true, "n_retries_allowed": 2 });
        let spot = json!({ "InstanceMarketOptions": { "MarketType": "spot" } });
        let no_capacity = attempt_record(1, Status::CapacityUnavailable);
        let interrupted = attempt_record(1, Status::SpotInterrupted);
        for (attempt, options, extra, before, expected) in [
            (1, json!({}), json!({}), vec![], ON_DEMAND),
            (1, cheap.clone(), json!({}), vec![], BOTH),
            (2, cheap.clone(), json!({}), vec![interrupted.clone()], BOTH),
            (2, cheap.clone(), json!({}), vec![no_capacity.clone()], ON_DEMAND),
            (3, cheap.clone(), json!({}), vec![interrupted.clone(), interrupted], ON_DEMAND),
            (1, json!({ "ii_cheapo": true }), json!({}), vec![], ON_DEMAND),
            (3, cheap, spot, vec![no_capacity], SPOT),
        ] {
            let job = job(&options, &extra);
            assert_eq!(markets(&job, attempt, &before), expected, "attempt {attempt} after {before:?}");
        }
    }

    #[test]
    fn the_record_names_each_candidate_that_was_tried_and_its_error() {
        let job = job(&json!({}), &choices());
        let all = candidates(&job, &deployment(), &Region::new("us-east-1"), &attempt(1), &[]);
        let cause = |message: &str| {
            json!({ "errorType": "CandidateUnavailable", "errorMessage": message }).to_string()
        };
        let causes = cause("InsufficientInstanceCapacity: no") + &cause("Unsupported: not in this zone");
        let last = ErrorReport { message: "no capacity".to_owned(), ..ErrorReport::default() };
        let tried = serde_json::to_value(tried(&causes, Some(&last), all)).unwrap();
        assert_eq!(
            tried,
            json!([
                { "type": "t4g.nano", "subnet": "subnet-0000000a", "market": "on-demand",
                  "error": "InsufficientInstanceCapacity: no" },
                { "type": "t4g.nano", "subnet": "subnet-0000000b", "market": "on-demand",
                  "error": "Unsupported: not in this zone" },
                { "type": "t4g.micro", "subnet": "subnet-0000000a", "market": "on-demand", "error": "no capacity" },
            ])
        );
    }
}
