//! DynamoDB as a service of the account.

use serde_json::Value;

use super::DynamoDb;
use crate::protocol::{JsonVersion, Protocol};
use crate::service::{Action, Description, Input, Rpc, Words, names};
use crate::{AwsError, Caller};

/// Its errors: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>.
pub(crate) const SERVICE: Description = Description {
    name: "DynamoDB",
    signing_name: "dynamodb",
    protocol: Protocol::AwsJson(JsonVersion::V1_0),
    failure: Words(500, "InternalServerError"),
    throttling: Words(400, "ThrottlingException"),
    denial: Words(400, "AccessDeniedException"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<DynamoDb>; 6] = [
    ("CreateTable", |dynamodb, input| input.with(|request| dynamodb.create_table(input.region, &request))),
    ("DeleteItem", |dynamodb, input| input.with(|request| dynamodb.delete_item(input.region, &request))),
    ("DescribeTable", |dynamodb, input| {
        input.with(|request| dynamodb.describe_table(input.region, &request))
    }),
    ("GetItem", |dynamodb, input| input.with(|request| dynamodb.get_item(input.region, &request))),
    ("PutItem", |dynamodb, input| input.with(|request| dynamodb.put_item(input.region, &request))),
    ("UpdateTimeToLive", |dynamodb, input| {
        input.with(|request| dynamodb.update_time_to_live(input.region, &request))
    }),
];

impl Rpc for DynamoDb {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}

impl DynamoDb {
    /// Performs `action` on its JSON input, for callers in this process.
    ///
    /// # Errors
    /// As the service answers them.
    pub fn call(&self, region: &str, action: &str, body: &[u8]) -> Result<Value, AwsError> {
        self.perform(action, &Input { service: &SERVICE, action, region, caller: &Caller::Owner, body })
    }
}
