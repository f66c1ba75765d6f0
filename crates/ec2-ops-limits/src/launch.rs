//! `RunInstances`.
//!
//! Codes and messages that AWS does not document are those that users report. A rule that depends on the account, or on what
//! exists in it, is not here: the request alone has to show it.

mod names;
mod network;
mod options;
mod tags;
mod volumes;

use serde_json::Value;

use crate::is_id;
use crate::rule::{Here, Refusal, Rule, refusals_of};

/// What of `request`, the arguments of `RunInstances` as JSON, EC2 refuses.
pub fn refusals(request: &Value) -> Vec<Refusal> {
    refusals_of(request, rules())
}

/// The rules, in the order in which the sandbox reports what breaks them.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [names::RULES, network::RULES, tags::RULES, options::RULES, volumes::RULES].into_iter().flatten()
}

const API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html";
const IDS: &str = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html";

const VALUE: &str = "InvalidParameterValue";
const COMBINATION: &str = "InvalidParameterCombination";
const MISSING: &str = "MissingParameter";

const fn rule(
    (at, expected): (&'static str, &'static str),
    (code, message): (&'static str, &'static str),
    page: &'static str,
    refuses: fn(&Here<'_>) -> bool,
) -> Rule {
    Rule { at, expected, code, message, page, refuses }
}

fn is_missing(here: &Here<'_>) -> bool {
    here.is_missing()
}

fn is_no_id(here: &Here<'_>, prefix: &str) -> bool {
    here.text().is_some_and(|id| !is_id(id, prefix))
}
