//! The model's state: tables and their items.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::condition::Condition;
use super::fault::validation;
use super::item::{AttributeValue, Item, checked};
use super::messages::{
    AttributeDefinition, BillingMode, BillingModeSummary, CreateTableInput, CreateTableOutput,
    DeleteItemInput, DeleteItemOutput, DescribeTableInput, DescribeTableOutput, GetItemInput, GetItemOutput,
    KeySchemaElement, KeyType, PutItemInput, PutItemOutput, ReturnValues, ScalarAttributeType,
    TableDescription, TableStatus, TimeToLiveSpecification, UpdateTimeToLiveInput, UpdateTimeToLiveOutput,
};
use crate::error::AwsError;
use crate::lock::lock;
use crate::platform::Platform;

/// The `DynamoDB` of one account.
pub struct DynamoDb {
    platform: Arc<Platform>,
    /// By region and name.
    tables: Mutex<BTreeMap<(String, String), Table>>,
}

struct Table {
    name: String,
    key: String,
    created: Timestamp,
    /// The attribute that ends an item's life, while time to live is on.
    time_to_live: Option<String>,
    items: BTreeMap<String, Item>,
}

impl DynamoDb {
    /// A `DynamoDB` without tables.
    pub fn new(platform: Arc<Platform>) -> Self {
        Self { platform, tables: Mutex::default() }
    }

    /// Creates a table, ready at once; `ResourceInUseException` if there is one of this name.
    pub fn create_table(
        &self,
        region: &str,
        input: &CreateTableInput,
    ) -> Result<CreateTableOutput, AwsError> {
        check_table_name(&input.table_name)?;
        let key = hash_key(input)?.to_owned();
        let mut tables = lock(&self.tables);
        let place = (region.to_owned(), input.table_name.clone());
        if tables.contains_key(&place) {
            let message = format!("Table already exists: {}", input.table_name);
            return Err(AwsError::client("ResourceInUseException", message));
        }
        let table = Table {
            name: input.table_name.clone(),
            key,
            created: self.platform.clock.now(),
            time_to_live: None,
            items: BTreeMap::new(),
        };
        let table_description = table.describe();
        tables.insert(place, table);
        Ok(CreateTableOutput { table_description })
    }

    /// Describes a table.
    pub fn describe_table(
        &self,
        region: &str,
        input: &DescribeTableInput,
    ) -> Result<DescribeTableOutput, AwsError> {
        self.in_table(region, &input.table_name, |table| Ok(DescribeTableOutput { table: table.describe() }))
    }

    /// Switches time to live on or off. An expired item is gone at once, while AWS takes up to some days to delete it.
    /// See <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>.
    pub fn update_time_to_live(
        &self,
        region: &str,
        input: &UpdateTimeToLiveInput,
    ) -> Result<UpdateTimeToLiveOutput, AwsError> {
        let time_to_live_specification = input.time_to_live_specification.clone();
        let TimeToLiveSpecification { attribute_name, enabled } = time_to_live_specification.clone();
        self.in_table(region, &input.table_name, |table| {
            if table.time_to_live.is_some() == enabled {
                let state = if enabled { "enabled" } else { "disabled" };
                return Err(validation(format!("TimeToLive is already {state}")));
            }
            table.time_to_live = enabled.then_some(attribute_name);
            Ok(UpdateTimeToLiveOutput { time_to_live_specification })
        })
    }

    /// Writes an item if its condition holds; `ConditionalCheckFailedException` if not.
    pub fn put_item(&self, region: &str, input: &PutItemInput) -> Result<PutItemOutput, AwsError> {
        let condition = input.condition()?;
        let item = checked(&input.item)?;
        self.in_table(region, &input.table_name, |table| {
            let key = table.key_of(&item)?.to_owned();
            check(&condition, table.items.get(&key))?;
            let old = table.items.insert(key, item);
            Ok(PutItemOutput { attributes: returned(input.return_values, old) })
        })
    }

    /// Reads an item; that there is none is success.
    pub fn get_item(&self, region: &str, input: &GetItemInput) -> Result<GetItemOutput, AwsError> {
        self.in_table(region, &input.table_name, |table| {
            let item = table.items.get(table.lone_key(&input.key)?).cloned();
            Ok(GetItemOutput { item })
        })
    }

    /// Deletes an item if its condition holds; that there is none is success, unless the condition says otherwise.
    pub fn delete_item(&self, region: &str, input: &DeleteItemInput) -> Result<DeleteItemOutput, AwsError> {
        let condition = input.condition()?;
        self.in_table(region, &input.table_name, |table| {
            let key = table.lone_key(&input.key)?;
            check(&condition, table.items.get(key))?;
            let old = table.items.remove(key);
            Ok(DeleteItemOutput { attributes: returned(input.return_values, old) })
        })
    }

    /// Runs `action` on the table, after its expired items have gone.
    fn in_table<T>(
        &self,
        region: &str,
        name: &str,
        action: impl FnOnce(&mut Table) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut tables = lock(&self.tables);
        let table = tables.get_mut(&(region.to_owned(), name.to_owned())).ok_or_else(|| {
            let message = format!("Requested resource not found: Table: {name} not found");
            AwsError::client("ResourceNotFoundException", message)
        })?;
        table.expire(self.platform.clock.now());
        action(table)
    }
}

impl Table {
    fn describe(&self) -> TableDescription {
        let attribute_name = self.key.clone();
        TableDescription {
            table_name: self.name.clone(),
            table_status: TableStatus::Active,
            attribute_definitions: vec![AttributeDefinition {
                attribute_name: attribute_name.clone(),
                attribute_type: ScalarAttributeType::S,
            }],
            key_schema: vec![KeySchemaElement { attribute_name, key_type: KeyType::Hash }],
            billing_mode_summary: BillingModeSummary { billing_mode: BillingMode::PayPerRequest },
            creation_date_time: self.created.as_duration().as_secs_f64(),
            item_count: self.items.len() as u64,
        }
    }

    fn expire(&mut self, now: Timestamp) {
        let Some(attribute) = &self.time_to_live else {
            return;
        };
        // An attribute that is no number of seconds does not end an item's life, as in DynamoDB.
        let expired = |item: &Item| match item.get(attribute) {
            Some(AttributeValue::N(end)) => end.parse().is_ok_and(|end: i64| end < now.as_second()),
            _ => false,
        };
        self.items.retain(|_, item| !expired(item));
    }

    /// The key among an item's attributes.
    fn key_of<'i>(&self, item: &'i Item) -> Result<&'i str, AwsError> {
        let key = &self.key;
        match item.get(key) {
            Some(AttributeValue::S(value)) if value.is_empty() => {
                Err(validation(format!("the key attribute {key} cannot be an empty string")))
            }
            Some(AttributeValue::S(value)) if value.len() > 2048 => Err(validation(format!(
                "the key attribute {key} has at most 2048 bytes, found {}",
                value.len()
            ))),
            Some(AttributeValue::S(value)) => Ok(value),
            Some(other) => Err(validation(format!(
                "Type mismatch for key {key} expected: S actual: {}",
                other.type_name()
            ))),
            None => Err(validation(format!("Missing the key {key} in the item"))),
        }
    }

    /// The key, where nothing but the key may be.
    fn lone_key<'i>(&self, key: &'i Item) -> Result<&'i str, AwsError> {
        match key.len() {
            1 => self.key_of(key),
            _ => Err(validation(format!(
                "The provided key element does not match the schema: expected {} alone, found {:?}",
                self.key,
                key.keys().collect::<Vec<_>>()
            ))),
        }
    }
}

fn check(condition: &Condition, item: Option<&Item>) -> Result<(), AwsError> {
    if condition.holds(item) {
        Ok(())
    } else {
        Err(AwsError::client("ConditionalCheckFailedException", "The conditional request failed"))
    }
}

fn returned(wanted: ReturnValues, old: Option<Item>) -> Option<Item> {
    match wanted {
        ReturnValues::None => None,
        ReturnValues::AllOld => old,
    }
}

fn hash_key(input: &CreateTableInput) -> Result<&str, AwsError> {
    match (input.key_schema.as_slice(), input.attribute_definitions.as_slice()) {
        ([key], [definition]) if key.attribute_name == definition.attribute_name => Ok(&key.attribute_name),
        _ => Err(validation(
            "a table has one hash key here, and one definition: that of the key attribute".to_owned(),
        )),
    }
}

fn check_table_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"_-.".contains(&c);
    if (3..=255).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(validation(format!("a table's name has 3 to 255 letters, digits, _, - and ., found {name:?}")))
    }
}
