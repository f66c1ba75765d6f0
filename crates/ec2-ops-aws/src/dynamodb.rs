//! DynamoDB: the table of task tokens.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use ec2_ops::AwsError;
use ec2_ops::ids::{InstanceId, TaskToken};
use ec2_ops::ports::{Wake, WakeTokens};
use jiff::SignedDuration;

use crate::error::{aws_error, unexpected};
use crate::lazy_client::{LazyClient, lazy_client};

/// How long an entry is kept after the command's deadline if it was not removed, so that people can investigate.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

type Item = HashMap<String, AttributeValue>;

/// The table of task tokens, in the deployment's region: one item per instance.
#[derive(Debug)]
pub struct WakeTable {
    client: LazyClient<Client>,
    table: String,
}

impl WakeTable {
    /// The table called `table`, whose key is `instance_id` (a string) and whose time to live is `expires_at`.
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: lazy_client(config, Client::new), table: table.into() }
    }
}

impl WakeTokens for WakeTable {
    async fn put(&self, wake: &Wake) -> Result<(), AwsError> {
        let request = self.client.put_item().table_name(&self.table).set_item(Some(to_item(wake)?));
        request.send().await.map_err(aws_error("PutItem"))?;
        Ok(())
    }

    async fn get(&self, instance: &InstanceId) -> Result<Option<Wake>, AwsError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("instance_id", text(instance.as_str()))
            .consistent_read(true);
        let answer = request.send().await.map_err(aws_error("GetItem"))?;
        answer.item.map(|item| from_item(&item)).transpose()
    }

    async fn delete(&self, instance: &InstanceId, token: &TaskToken) -> Result<(), AwsError> {
        // `token` is one of DynamoDB's reserved words.
        let request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("instance_id", text(instance.as_str()))
            .condition_expression("#token = :token")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(token.as_str()));
        match request.send().await.map_err(aws_error("DeleteItem")) {
            // A later task has stored its own token, or the entry is gone. Either way, ours is removed.
            Err(error) if error.code == "ConditionalCheckFailedException" => Ok(()),
            answer => answer.map(drop),
        }
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn to_item(wake: &Wake) -> Result<Item, AwsError> {
    let watch = serde_json::to_string(&wake.watch)
        .map_err(|error| unexpected("PutItem", format!("the watch cannot be written: {error}")))?;
    let expires_at = wake
        .watch
        .end_by
        .checked_add(KEPT_FOR)
        .map_or_else(|error| Err(unexpected("PutItem", error.to_string())), |at| Ok(at.as_second()))?;
    Ok(Item::from([
        ("instance_id".to_owned(), text(wake.watch.instance.as_str())),
        ("token".to_owned(), text(wake.token.as_str())),
        ("watch".to_owned(), text(&watch)),
        ("expires_at".to_owned(), AttributeValue::N(expires_at.to_string())),
    ]))
}

fn from_item(item: &Item) -> Result<Wake, AwsError> {
    let attribute = |name: &str| {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.ok_or_else(|| unexpected("GetItem", format!("the item has no string {name:?}")))
    };
    let watch = serde_json::from_str(attribute("watch")?)
        .map_err(|error| unexpected("GetItem", format!("the item's \"watch\" cannot be read: {error}")))?;
    Ok(Wake { token: TaskToken::new(attribute("token")?), watch })
}

#[cfg(test)]
mod tests {
    use ec2_ops::AwsErrorKind;
    use ec2_ops::ids::{CommandId, ExecutionId, Region};
    use ec2_ops::ports::Watch;
    use serde_json::{Value, json};

    use super::*;
    use crate::replay::{Replay, http};

    fn wake() -> Wake {
        Wake {
            token: TaskToken::new("the-token"),
            watch: Watch {
                execution: ExecutionId::new("arn:aws:states:us-east-1:000000000000:execution:ec2-ops:run"),
                attempt: 2,
                region: Region::new("us-west-2"),
                instance: InstanceId::new("i-1"),
                command: CommandId::new("c-1"),
                deliver_by: "2026-01-01T00:05:00Z".parse().unwrap(),
                end_by: "2026-01-01T01:00:00Z".parse().unwrap(),
                timeout_s: 3600,
            },
        }
    }

    #[test]
    fn an_entry_is_read_as_it_was_stored_and_expires_a_day_after_its_end() {
        let item = to_item(&wake()).unwrap();
        assert_eq!(item["expires_at"], AttributeValue::N("1767315600".to_owned()));
        assert_eq!(from_item(&item).unwrap(), wake());
    }

    #[test]
    fn an_item_that_cannot_be_read_is_an_error_and_not_absent() {
        let mut item = to_item(&wake()).unwrap();
        item.remove("token");
        let error = from_item(&item).unwrap_err();
        assert_eq!(error.kind, AwsErrorKind::Unavailable);
        assert!(error.to_string().contains("token"), "{error}");
    }

    #[tokio::test]
    async fn the_entry_of_a_later_task_is_left_alone() {
        let refusal = json!({"__type": "ConditionalCheckFailedException", "message": "no"});
        let replay = Replay::new([http(400, refusal.to_string())]);
        let table = WakeTable::new(&replay.config(), "wakes");
        assert_eq!(table.delete(&InstanceId::new("i-1"), &TaskToken::new("old")).await, Ok(()));
        let body: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        assert_eq!(body["ConditionExpression"], "#token = :token");
        assert_eq!(body["ExpressionAttributeValues"][":token"]["S"], "old");
    }

    #[tokio::test]
    async fn an_entry_is_read_consistently() {
        let replay = Replay::new([http(200, "{}")]);
        let table = WakeTable::new(&replay.config(), "wakes");
        assert_eq!(table.get(&InstanceId::new("i-1")).await, Ok(None));
        let body: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        assert_eq!(body["ConsistentRead"], true);
    }
}
