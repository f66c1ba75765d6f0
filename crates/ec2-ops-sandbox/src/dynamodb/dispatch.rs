//! The awsJson1.0 protocol: an action's name and a JSON body.

use serde_json::Value;

use super::store::DynamoDb;
use crate::aws_json::answer;
use crate::error::AwsError;

impl DynamoDb {
    /// Answers `action` (`PutItem`, without the `DynamoDB_20120810.` of `X-Amz-Target`) on its JSON body.
    ///
    /// `SerializationException` names an unknown field; an action that is not modelled is refused.
    pub fn call(&self, action: &str, body: &[u8]) -> Result<Value, AwsError> {
        match action {
            "CreateTable" => answer(body, |input| self.create_table(&input)),
            "DescribeTable" => answer(body, |input| self.describe_table(&input)),
            "UpdateTimeToLive" => answer(body, |input| self.update_time_to_live(&input)),
            "PutItem" => answer(body, |input| self.put_item(&input)),
            "GetItem" => answer(body, |input| self.get_item(&input)),
            "DeleteItem" => answer(body, |input| self.delete_item(&input)),
            other => Err(AwsError::unmodelled(format!("DynamoDB's {other}"))),
        }
    }
}
