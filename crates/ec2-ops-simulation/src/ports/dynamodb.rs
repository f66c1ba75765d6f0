//! DynamoDB: the callbacks of waiting tasks.

use ec2_ops::ids::{InstanceId, TaskToken};
use ec2_ops::ports::{Wake, WakeTokens};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Answer, Gate, Ports, unexpected};
use ec2_ops_sandbox::iam::On;

impl<G: Gate> WakeTokens for Ports<G> {
    async fn put(&self, wake: &Wake) -> Answer<()> {
        let item = json!({
            "instance_id": { "S": wake.watch.instance },
            "token": { "S": wake.token },
            "wake": { "S": serde_json::to_string(wake).unwrap_or_default() },
        });
        self.dynamodb("PutItem", json!({ "TableName": self.names.wake_table, "Item": item })).await.map(drop)
    }

    async fn get(&self, instance: &InstanceId) -> Answer<Option<Wake>> {
        let key = json!({ "instance_id": { "S": instance } });
        let answer =
            self.dynamodb("GetItem", json!({ "TableName": self.names.wake_table, "Key": key })).await?;
        match answer["Item"]["wake"]["S"].as_str() {
            None => Ok(None),
            Some(text) => Ok(Some(parse("GetItem", text)?)),
        }
    }

    async fn delete(&self, instance: &InstanceId, token: &TaskToken) -> Answer<()> {
        let request = json!({
            "TableName": self.names.wake_table,
            "Key": { "instance_id": { "S": instance } },
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": { "#token": "token" },
            "ExpressionAttributeValues": { ":token": { "S": token } },
        });
        match self.dynamodb("DeleteItem", request).await {
            Err(error) if error.code != "ConditionalCheckFailedException" => Err(error),
            _ => Ok(()),
        }
    }
}

impl<G: Gate> Ports<G> {
    async fn dynamodb(&self, action: &'static str, request: Value) -> Answer<Value> {
        let on = On::Table(&self.names.wake_table);
        self.call(&self.names.region, action, on, || {
            self.account.dynamodb.call(&self.names.region, action, request.to_string().as_bytes())
        })
        .await
    }
}

fn parse<T: DeserializeOwned>(action: &'static str, text: &str) -> Answer<T> {
    serde_json::from_str(text).map_err(|error| unexpected(action, &error.to_string()))
}
