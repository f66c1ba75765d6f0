//! Each function has exactly the rights that it uses in the simulation.

use std::collections::{BTreeMap, BTreeSet};

use ec2_ops_sandbox::deployment::FUNCTIONS;
use ec2_ops_simulation::simulate::{Options, simulate};

use crate::render::{Values, render};

/// Five are enough to see every right that a function uses; the others are a reserve.
const SEEDS: u64 = 40;

/// The rights that Lambda itself uses with the role of a function.
const LAMBDA: [&str; 4] =
    ["logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// How many of them have a fleet.
const FLEETS: u64 = 3;

/// A right that only failures use of which SSM does not have all output. No simulated instance prints so much.
const OF_LONG_OUTPUT: (&str, &str) = ("EC2Stopper", "s3:GetObject");

/// Rights that only `ec2-ops check` needs. No seed has a check; `tests/verbs.rs` has.
const OF_CHECKS: [&str; 5] = [
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
];

/// The rights that each function used, over all seeds.
fn used() -> BTreeMap<&'static str, BTreeSet<String>> {
    let unseen = [OF_LONG_OUTPUT];
    let mut all =
        BTreeMap::from(unseen.map(|(function, action)| (function, BTreeSet::from([action.to_owned()]))));
    all.entry("EC2StarterFromAMI").or_default().extend(OF_CHECKS.map(str::to_owned));
    for seed in 0..SEEDS {
        let report =
            simulate(seed, Options { executions: 2, fleet: seed < FLEETS, without: None }, false).unwrap();
        assert_eq!(report.violations, [], "seed {seed}");
        for (function, actions) in report.asked {
            all.entry(function).or_default().extend(actions);
        }
    }
    all
}

#[test]
fn a_function_has_the_rights_that_it_uses_and_no_others() {
    let (policies, _) = render(&Values::default());
    let used = used();
    for function in FUNCTIONS {
        let statements = policies[function.name]["Statement"].as_array().unwrap();
        let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
        let granted: BTreeSet<_> = actions.map(|action| action.as_str().unwrap().to_owned()).collect();
        let mut needed = used[function.name].clone();
        needed.extend(LAMBDA.map(str::to_owned));
        assert_eq!(granted, needed, "{}: granted and needed", function.name);
    }
}
