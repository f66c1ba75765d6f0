//! The quotas of an account as AWS gives it, and the error that tells of each.

use super::Rate;
use crate::AwsError;

/// The quota that each of `actions` has for itself.
pub(super) struct Quota {
    pub(super) actions: &'static [&'static str],
    pub(super) rate: Rate,
    refusal: Refusal,
}

#[derive(Clone, Copy)]
enum Refusal {
    Ec2,
    Ssm,
    States,
}

/// Each action has a bucket of its own in each region. An action that is not here is not limited.
///
/// - EC2: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>. The second bucket of RunInstances, for
///   the instances and not for the calls, is [`LAUNCHED_INSTANCES`].
/// - SSM publishes none; 20 a second is what people observe.
/// - Step Functions: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>, of a large region.
const QUOTAS: &[Quota] = &[
    ec2(&["RunInstances"], Rate::new(5, 2)),
    ec2(&["TerminateInstances"], Rate::new(100, 5)),
    ec2(&["CreateTags"], Rate::new(100, 10)),
    ec2(
        &[
            "CreateVolume",
            "DeleteVolume",
            "DetachVolume",
            "ModifyInstanceAttribute",
            "RebootInstances",
            "StartInstances",
            "StopInstances",
        ],
        Rate::new(50, 5),
    ),
    ec2(
        &["DescribeImages", "DescribeInstanceTypes", "DescribeInstances", "DescribeVolumes"],
        Rate::new(100, 20),
    ),
    Quota {
        actions: &[
            "CancelCommand",
            "DescribeInstanceInformation",
            "GetCommandInvocation",
            "ListCommandInvocations",
            "ListCommands",
            "SendCommand",
        ],
        rate: Rate::new(20, 20),
        refusal: Refusal::Ssm,
    },
    states(&["StartExecution"], Rate::new(1_300, 300)),
    states(&["SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"], Rate::new(3_000, 500)),
    states(&["DescribeExecution"], Rate::new(300, 15)),
    states(&["ListExecutions"], Rate::new(200, 5)),
];

/// The instances that RunInstances may launch, whatever the number of calls.
pub(super) const LAUNCHED_INSTANCES: Rate = Rate::new(1_000, 2);

/// The states that the executions of a region may enter, retries included. More are delayed, and no error tells.
pub(super) const STATE_TRANSITIONS: Rate = Rate::new(5_000, 1_500);

const fn ec2(actions: &'static [&'static str], rate: Rate) -> Quota {
    Quota { actions, rate, refusal: Refusal::Ec2 }
}

const fn states(actions: &'static [&'static str], rate: Rate) -> Quota {
    Quota { actions, rate, refusal: Refusal::States }
}

/// The quota of `action`, under its name in the table.
pub(super) fn of(action: &str) -> Option<(&'static str, &'static Quota)> {
    QUOTAS.iter().find_map(|quota| {
        let name = quota.actions.iter().find(|name| **name == action)?;
        Some((*name, quota))
    })
}

impl Quota {
    /// The answer to a call too many.
    pub(super) fn refusal(&self) -> AwsError {
        match self.refusal {
            Refusal::Ec2 => AwsError {
                status: 503,
                ..AwsError::client("RequestLimitExceeded", "Request limit exceeded.")
            },
            Refusal::Ssm => AwsError::client("ThrottlingException", "Rate exceeded"),
            Refusal::States => AwsError::client("ThrottlingException", "Rate Exceeded."),
        }
    }
}
