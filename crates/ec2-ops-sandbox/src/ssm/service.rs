//! SSM as a service of the account.

use super::Ssm;
use crate::protocol::{JsonVersion, Protocol};
use crate::service::{Action, Description, Rpc, Words, names};

/// Its errors: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html>.
pub(crate) const SERVICE: Description = Description {
    name: "SSM",
    signing_name: "ssm",
    protocol: Protocol::AwsJson(JsonVersion::V1_1),
    failure: Words(500, "InternalServerError"),
    throttling: Words(400, "ThrottlingException"),
    denial: Words(400, "AccessDeniedException"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<Ssm>; 8] = [
    ("CancelCommand", |ssm, input| input.with(|request| ssm.cancel_command(input.region, &request))),
    ("DescribeInstanceInformation", |ssm, input| {
        input.with(|request| ssm.describe_instance_information(input.region, &request))
    }),
    ("GetCommandInvocation", |ssm, input| {
        input.with(|request| ssm.get_command_invocation(input.region, &request))
    }),
    ("GetParameter", |ssm, input| input.with(|request| ssm.get_parameter(input.region, &request))),
    ("ListCommandInvocations", |ssm, input| {
        input.with(|request| ssm.list_command_invocations(input.region, &request))
    }),
    ("ListCommands", |ssm, input| input.with(|request| ssm.list_commands(input.region, &request))),
    ("PutParameter", |ssm, input| input.with(|request| ssm.put_parameter(input.region, &request))),
    ("SendCommand", |ssm, input| input.with(|request| ssm.send_command(input.region, request))),
];

impl Rpc for Ssm {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}
