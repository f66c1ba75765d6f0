//! DynamoDB, as far as a table of wake tokens needs it: on-demand tables with one string hash key, single items,
//! conditions on them, and time to live.

mod condition;
mod fault;
mod item;
mod messages;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use item::{AttributeValue, Item};
pub use messages::{
    AttributeDefinition, BillingMode, BillingModeSummary, CreateTableInput, CreateTableOutput,
    DeleteItemInput, DeleteItemOutput, DescribeTableInput, DescribeTableOutput, GetItemInput, GetItemOutput,
    KeySchemaElement, KeyType, PutItemInput, PutItemOutput, ReturnValues, ScalarAttributeType,
    TableDescription, TableStatus, TimeToLiveSpecification, UpdateTimeToLiveInput, UpdateTimeToLiveOutput,
};
pub(crate) use service::SERVICE;
pub use store::DynamoDb;
