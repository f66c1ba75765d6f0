//! CloudWatch Logs as a service of the account.

use super::Logs;
use crate::protocol::{JsonVersion, Protocol};
use crate::service::{Action, Description, Rpc, Words, names};

/// Its errors: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html>.
pub(crate) const SERVICE: Description = Description {
    name: "CloudWatch Logs",
    signing_name: "logs",
    protocol: Protocol::AwsJson(JsonVersion::V1_1),
    failure: Words(500, "ServiceUnavailableException"),
    throttling: Words(400, "ThrottlingException"),
    denial: Words(400, "AccessDeniedException"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<Logs>; 7] = [
    ("CreateLogGroup", |logs, input| input.with(|request| logs.create_log_group(input.region, &request))),
    ("CreateLogStream", |logs, input| input.with(|request| logs.create_log_stream(input.region, &request))),
    ("DescribeLogGroups", |logs, input| {
        input.with(|request| logs.describe_log_groups(input.region, &request))
    }),
    ("DescribeLogStreams", |logs, input| {
        input.with(|request| logs.describe_log_streams(input.region, &request))
    }),
    ("FilterLogEvents", |logs, input| input.with(|request| logs.filter_log_events(input.region, &request))),
    ("GetLogEvents", |logs, input| input.with(|request| logs.get_log_events(input.region, &request))),
    ("PutLogEvents", |logs, input| input.with(|request| logs.put_log_events(input.region, request))),
];

impl Rpc for Logs {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}
