//! The service as its callers see it: through the awsJson1.0 dispatcher.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::DynamoDb;
use crate::{AwsError, Clock, Platform};

const NOW: i64 = 1_750_000_000;

fn call(db: &DynamoDb, action: &str, body: &Value) -> Result<Value, AwsError> {
    call_in(db, "us-east-1", action, body)
}

fn call_in(db: &DynamoDb, region: &str, action: &str, body: &Value) -> Result<Value, AwsError> {
    db.call(region, action, body.to_string().as_bytes())
}

fn code(result: Result<Value, AwsError>) -> String {
    result.unwrap_err().code
}

/// An account with the table `wake-tokens`, keyed by `id`.
fn account() -> DynamoDb {
    let clock = Clock::starting_at(Timestamp::from_second(NOW).unwrap());
    let db = DynamoDb::new(Arc::new(Platform::new(clock, 1)));
    call(&db, "CreateTable", &table()).unwrap();
    db
}

fn table() -> Value {
    json!({
        "TableName": "wake-tokens",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    })
}

fn put(id: &str, token: &str) -> Value {
    json!({"TableName": "wake-tokens", "Item": {"id": {"S": id}, "token": {"S": token}}})
}

fn key(id: &str) -> Value {
    json!({"TableName": "wake-tokens", "Key": {"id": {"S": id}}})
}

/// `request` with the fields of `more`.
fn with(mut request: Value, more: Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&mut request, more) else {
        panic!("both are objects");
    };
    fields.extend(more);
    request
}

#[tokio::test(start_paused = true)]
async fn an_item_is_put_read_replaced_and_deleted() {
    let db = account();
    assert_eq!(call(&db, "GetItem", &key("i-1")), Ok(json!({})));
    assert_eq!(call(&db, "PutItem", &put("i-1", "one")), Ok(json!({})));
    let replaced =
        call(&db, "PutItem", &with(put("i-1", "two"), json!({"ReturnValues": "ALL_OLD"}))).unwrap();
    assert_eq!(replaced["Attributes"]["token"], json!({"S": "one"}));
    let read = call(&db, "GetItem", &with(key("i-1"), json!({"ConsistentRead": true}))).unwrap();
    assert_eq!(read["Item"], put("i-1", "two")["Item"]);
    let deleted = call(&db, "DeleteItem", &with(key("i-1"), json!({"ReturnValues": "ALL_OLD"}))).unwrap();
    assert_eq!(deleted["Attributes"], read["Item"]);
    assert_eq!(call(&db, "DeleteItem", &key("i-1")), Ok(json!({})));
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_condition_fails_changes_nothing() {
    let db = account();
    let once = |token| with(put("i-1", token), json!({"ConditionExpression": "attribute_not_exists(id)"}));
    call(&db, "PutItem", &once("one")).unwrap();
    assert_eq!(code(call(&db, "PutItem", &once("two"))), "ConditionalCheckFailedException");

    let take = |token| {
        with(
            key("i-1"),
            json!({
                "ConditionExpression": "#t = :t",
                "ExpressionAttributeNames": {"#t": "token"},
                "ExpressionAttributeValues": {":t": {"S": token}},
            }),
        )
    };
    assert_eq!(code(call(&db, "DeleteItem", &take("two"))), "ConditionalCheckFailedException");
    assert_eq!(call(&db, "GetItem", &key("i-1")).unwrap()["Item"]["token"], json!({"S": "one"}));
    call(&db, "DeleteItem", &take("one")).unwrap();
    assert_eq!(code(call(&db, "DeleteItem", &take("one"))), "ConditionalCheckFailedException");
}

#[tokio::test(start_paused = true)]
async fn an_item_is_gone_once_its_time_is_over() {
    let db = account();
    let switch = |enabled| {
        let specification = json!({"AttributeName": "expires_at", "Enabled": enabled});
        json!({"TableName": "wake-tokens", "TimeToLiveSpecification": specification})
    };
    call(&db, "UpdateTimeToLive", &switch(true)).unwrap();
    assert_eq!(code(call(&db, "UpdateTimeToLive", &switch(true))), "ValidationException");
    let mut item = put("i-1", "one");
    item["Item"]["expires_at"] = json!({"N": (NOW + 60).to_string()});
    call(&db, "PutItem", &item).unwrap();
    call(&db, "PutItem", &put("i-2", "for ever")).unwrap();

    tokio::time::advance(Duration::from_mins(1)).await;
    assert_ne!(call(&db, "GetItem", &key("i-1")), Ok(json!({})));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(call(&db, "GetItem", &key("i-1")), Ok(json!({})));
    let described = call(&db, "DescribeTable", &json!({"TableName": "wake-tokens"})).unwrap();
    assert_eq!(described["Table"]["ItemCount"], 1);
}

#[tokio::test(start_paused = true)]
async fn tables_are_described_and_created_once() {
    let db = account();
    let described = call(&db, "DescribeTable", &json!({"TableName": "wake-tokens"})).unwrap();
    assert_eq!(described["Table"]["TableStatus"], "ACTIVE");
    assert_eq!(described["Table"]["KeySchema"], table()["KeySchema"]);
    assert_eq!(described["Table"]["CreationDateTime"], json!(1_750_000_000.0));
    assert_eq!(code(call(&db, "CreateTable", &table())), "ResourceInUseException");
    assert_eq!(
        code(call(&db, "GetItem", &with(key("i"), json!({"TableName": "absent"})))),
        "ResourceNotFoundException"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_must_be_the_tables_own() {
    let db = account();
    let refused = |action: &str, request: Value| {
        assert_eq!(code(call(&db, action, &request)), "ValidationException", "{request}");
    };
    let named = |field: &str, attributes: Value| json!({"TableName": "wake-tokens", field: attributes});
    refused("PutItem", named("Item", json!({"token": {"S": "one"}})));
    refused("PutItem", named("Item", json!({"id": {"S": ""}})));
    refused("PutItem", named("Item", json!({"id": {"N": "1"}})));
    refused("GetItem", named("Key", json!({"id": {"S": "a"}, "token": {"S": "b"}})));
    refused("DeleteItem", named("Key", json!({"token": {"S": "b"}})));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_modelled_is_refused_by_name() {
    let db = account();
    let refused = |action: &str, request: Value, name: &str| {
        let error = call(&db, action, &request).unwrap_err();
        assert!(error.message.contains(name), "{error}");
        error.code
    };
    let field = with(put("i", "t"), json!({"ReturnConsumedCapacity": "TOTAL"}));
    assert_eq!(refused("PutItem", field, "ReturnConsumedCapacity"), "NotImplemented");
    let value = json!({"TableName": "wake-tokens", "Item": {"id": {"BOOL": true}}});
    assert_eq!(refused("PutItem", value, "BOOL"), "NotImplemented");
    let provisioned = with(table(), json!({"BillingMode": "PROVISIONED"}));
    assert_eq!(refused("CreateTable", provisioned, "PROVISIONED"), "NotImplemented");
    assert_eq!(refused("Scan", json!({}), "Scan"), "NotImplemented");
}

#[tokio::test(start_paused = true)]
async fn a_table_belongs_to_its_region() {
    let db = account();
    call(&db, "PutItem", &put("i-1", "one")).unwrap();
    assert_eq!(code(call_in(&db, "eu-west-1", "GetItem", &key("i-1"))), "ResourceNotFoundException");
    call_in(&db, "eu-west-1", "CreateTable", &table()).unwrap();
    assert_eq!(call_in(&db, "eu-west-1", "GetItem", &key("i-1")), Ok(json!({})));
    assert_eq!(call(&db, "GetItem", &key("i-1")).unwrap()["Item"]["token"]["S"], "one");
}
