//! Requests and answers, in AWS's own names. A field that is not here is refused.
//! See <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::condition::{Condition, Expression};
use super::item::{AttributeValue, Item};
use crate::AwsError;

/// Asks for a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CreateTableInput {
    /// 3 to 255 letters, digits, `_`, `-` and `.`.
    pub table_name: String,
    /// The type of the key attribute, and of no other.
    pub attribute_definitions: Vec<AttributeDefinition>,
    /// One hash key.
    pub key_schema: Vec<KeySchemaElement>,
    /// Only on demand.
    pub billing_mode: BillingMode,
}

/// The type of a key attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AttributeDefinition {
    /// The attribute.
    pub attribute_name: String,
    /// Its type.
    pub attribute_type: ScalarAttributeType,
}

/// The types of a key that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScalarAttributeType {
    /// A string.
    S,
}

/// A part of the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KeySchemaElement {
    /// The attribute.
    pub attribute_name: String,
    /// Its part in the key.
    pub key_type: KeyType,
}

/// The parts of a key that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum KeyType {
    /// The partition key.
    Hash,
}

/// The billing modes that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingMode {
    /// On demand.
    PayPerRequest,
}

/// Answers `CreateTable`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CreateTableOutput {
    /// The new table.
    pub table_description: TableDescription,
}

/// Asks about a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeTableInput {
    /// The table.
    pub table_name: String,
}

/// Answers `DescribeTable`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeTableOutput {
    /// The table.
    pub table: TableDescription,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TableDescription {
    /// Its name.
    pub table_name: String,
    /// A table is active as soon as it is created.
    pub table_status: TableStatus,
    /// The type of the key attribute.
    pub attribute_definitions: Vec<AttributeDefinition>,
    /// The hash key.
    pub key_schema: Vec<KeySchemaElement>,
    /// How it is billed.
    pub billing_mode_summary: BillingModeSummary,
    /// Seconds since 1970.
    pub creation_date_time: f64,
    /// The number of items.
    pub item_count: u64,
}

/// How a table is billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BillingModeSummary {
    /// Only on demand.
    pub billing_mode: BillingMode,
}

/// The states of a table that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TableStatus {
    /// Ready for use.
    Active,
}

/// Switches time to live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UpdateTimeToLiveInput {
    /// The table.
    pub table_name: String,
    /// What to switch.
    pub time_to_live_specification: TimeToLiveSpecification,
}

/// Which attribute, a number of seconds since 1970, ends an item's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TimeToLiveSpecification {
    /// The attribute.
    pub attribute_name: String,
    /// On or off.
    pub enabled: bool,
}

/// Answers `UpdateTimeToLive`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UpdateTimeToLiveOutput {
    /// What was asked for.
    pub time_to_live_specification: TimeToLiveSpecification,
}

/// What a write answers with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnValues {
    /// Nothing.
    #[default]
    None,
    /// The item as it was before.
    AllOld,
}

/// Writes under a condition: each has the table, the field that is its own, and the condition.
macro_rules! conditional_writes {
    ($($(#[$meta:meta])* $name:ident { $(#[$own:meta])* $field:ident: Item })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        pub struct $name {
            /// The table.
            pub table_name: String,
            $(#[$own])*
            pub $field: Item,
            /// What must hold for the present item.
            pub condition_expression: Option<String>,
            /// The names for which the condition has `#placeholders`.
            pub expression_attribute_names: Option<BTreeMap<String, String>>,
            /// The values for which the condition has `:placeholders`.
            pub expression_attribute_values: Option<BTreeMap<String, AttributeValue>>,
            /// Whether to answer with the item before the write.
            #[serde(default)]
            pub return_values: ReturnValues,
        }

        impl $name {
            /// The condition; it always holds if there is none.
            pub(super) fn condition(&self) -> Result<Condition, AwsError> {
                Condition::parse(Expression {
                    text: self.condition_expression.as_deref(),
                    names: self.expression_attribute_names.as_ref(),
                    values: self.expression_attribute_values.as_ref(),
                })
            }
        }
    )*};
}

conditional_writes! {
    /// Writes an item, over any that has its key.
    PutItemInput {
        /// The item, its key included.
        item: Item
    }
    /// Deletes an item.
    DeleteItemInput {
        /// The hash key.
        key: Item
    }
}

/// Answers `PutItem`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PutItemOutput {
    /// The item that was there before, if asked for.
    pub attributes: Option<Item>,
}

/// Reads an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GetItemInput {
    /// The table.
    pub table_name: String,
    /// The hash key.
    pub key: Item,
    /// Every read is consistent here, so this changes nothing.
    #[serde(default)]
    pub consistent_read: bool,
}

/// Answers `GetItem`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GetItemOutput {
    /// The item, if there is one.
    pub item: Option<Item>,
}

/// Answers `DeleteItem`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DeleteItemOutput {
    /// The item that was there before, if asked for.
    pub attributes: Option<Item>,
}
