//! The quotas of an account as AWS gives it.

use super::Rate;

/// Each action has a bucket of its own in each region. An action that is not here is not limited.
///
/// - EC2: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>. The second bucket of RunInstances, for
///   the instances and not for the calls, is [`LAUNCHED_INSTANCES`].
/// - SSM publishes none; 20 a second is what people observe.
/// - Step Functions: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>, of a large region.
const QUOTAS: &[(Rate, &[&str])] = &[
    (Rate::new(5, 2), &["RunInstances"]),
    (Rate::new(100, 5), &["TerminateInstances"]),
    (Rate::new(100, 10), &["CreateTags"]),
    (
        Rate::new(50, 5),
        &[
            "CreateVolume",
            "DeleteVolume",
            "DetachVolume",
            "ModifyInstanceAttribute",
            "RebootInstances",
            "StartInstances",
            "StopInstances",
        ],
    ),
    (
        Rate::new(100, 20),
        &[
            "DescribeImages",
            "DescribeInstanceTypeOfferings",
            "DescribeInstanceTypes",
            "DescribeInstances",
            "DescribeRouteTables",
            "DescribeSpotPriceHistory",
            "DescribeSubnets",
            "DescribeVolumes",
            "DescribeVpcEndpoints",
        ],
    ),
    (
        Rate::new(20, 20),
        &[
            "CancelCommand",
            "DescribeInstanceInformation",
            "GetCommandInvocation",
            "ListCommandInvocations",
            "ListCommands",
            "SendCommand",
        ],
    ),
    (Rate::new(1_300, 300), &["StartExecution"]),
    (Rate::new(3_000, 500), &["SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"]),
    (Rate::new(300, 15), &["DescribeExecution"]),
    (Rate::new(400, 20), &["GetExecutionHistory"]),
    (Rate::new(200, 5), &["ListExecutions"]),
];

/// The instances that RunInstances may launch, in any number of calls.
pub(super) const LAUNCHED_INSTANCES: Rate = Rate::new(1_000, 2);

/// State transitions of all executions in a region, retries included. Beyond the limit they are delayed, without an error.
pub(super) const STATE_TRANSITIONS: Rate = Rate::new(5_000, 1_500);

/// The rate of `action`, under its name in the table.
pub(super) fn of(action: &str) -> Option<(&'static str, Rate)> {
    QUOTAS.iter().find_map(|(rate, actions)| {
        let name = actions.iter().find(|name| **name == action)?;
        Some((*name, *rate))
    })
}
