//! The awsJson1.0 protocol: an action's name and a JSON body.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::store::DynamoDb;
use crate::error::AwsError;

impl DynamoDb {
    /// Answers `action` (`PutItem`, without the `DynamoDB_20120810.` of `X-Amz-Target`) on its JSON body.
    ///
    /// `SerializationException` names an unknown field; an action that is not modelled is refused.
    pub fn call(&self, action: &str, body: &[u8]) -> Result<Value, AwsError> {
        match action {
            "CreateTable" => answer(body, |input| self.create_table(input)),
            "DescribeTable" => answer(body, |input| self.describe_table(input)),
            "UpdateTimeToLive" => answer(body, |input| self.update_time_to_live(input)),
            "PutItem" => answer(body, |input| self.put_item(input)),
            "GetItem" => answer(body, |input| self.get_item(input)),
            "DeleteItem" => answer(body, |input| self.delete_item(input)),
            other => Err(AwsError::unmodelled(format!("DynamoDB's {other}"))),
        }
    }
}

fn answer<I: DeserializeOwned, O: Serialize>(
    body: &[u8],
    operation: impl FnOnce(&I) -> Result<O, AwsError>,
) -> Result<Value, AwsError> {
    let input: I = serde_json::from_slice(body)
        .map_err(|fault| AwsError::client("SerializationException", fault.to_string()))?;
    serde_json::to_value(operation(&input)?)
        .map_err(|fault| AwsError::server("InternalServerError", fault.to_string()))
}
