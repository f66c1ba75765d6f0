//! The items of a Map state.

use std::sync::Arc;

use serde_json::Value;

use super::environment::Environment;
use super::visit::{Visit, plain};
use crate::data::context::Context;
use crate::data::scope::Scope;
use crate::data::template::Template;
use crate::definition::{FileType, Items, Map};
use crate::failure::{Failure, ITEM_READER_FAILED};
use crate::json::Json;

impl<E: Environment> Visit<'_, E> {
    /// The items that are in the input; `None` if they are in S3.
    pub(super) fn items_of_input(
        &self,
        map: &Map,
        input: &Value,
        context: &Context<'_>,
    ) -> Result<Option<Vec<Value>>, Failure> {
        let Items::Path(path) = &map.items else {
            return Ok(None);
        };
        match self.require(path, input, context)? {
            Value::Array(items) => Ok(Some(items)),
            other => {
                Err(self.runtime(format!("Reference path \"{path}\" must point to array: {}", plain(&other))))
            }
        }
    }

    /// The items that are in S3.
    pub(super) async fn items_of_reader(
        &self,
        map: &Map,
        input: &Value,
        context: &Context<'_>,
    ) -> Result<Vec<Value>, Failure> {
        let Items::Reader { input_type, parameters, max_items } = &map.items else {
            return Ok(Vec::new());
        };
        let failed = |why: String| Failure::new(ITEM_READER_FAILED, why);
        let (bucket, key) = self.object(parameters, "Key", input, context)?;
        let body = self.environment.get_object(&bucket, &key).await.map_err(failed)?;
        let mut items =
            parse(&body, *input_type).map_err(|why| failed(format!("s3://{bucket}/{key}: {why}")))?;
        if let Some(most) = max_items {
            let most = self.quantity(most, input, context, "MaxItemsPath")?;
            items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        }
        Ok(items)
    }

    /// The bucket and the key (or the prefix) in `parameters`.
    pub(super) fn object(
        &self,
        parameters: &Template,
        key: &str,
        input: &Value,
        context: &Context<'_>,
    ) -> Result<(String, String), Failure> {
        let values =
            parameters.evaluate(Scope { input, context }).map_err(|error| self.data_error(&error))?;
        let text = |name: &str| match &values[name] {
            Value::String(text) => Ok(text.clone()),
            other => Err(self.runtime(format!("The value of the field '{name}' must be a string: {other}"))),
        };
        Ok((text("Bucket")?, text(key)?))
    }

    /// The input of the child execution for the item `index`.
    pub(super) fn child_input(
        &self,
        map: &Map,
        (index, item): (usize, Value),
        input: &Value,
        retries: u32,
    ) -> Result<Json, Failure> {
        let Some(selector) = &map.item_selector else {
            return self.within_quota(Arc::new(item.into())).map(Arc::unwrap_or_clone);
        };
        let mut context = self.task_context(retries, None);
        context.item = Some((index, &item));
        let value =
            selector.evaluate(Scope { input, context: &context }).map_err(|error| self.data_error(&error))?;
        self.within_quota(Arc::new(value.into())).map(Arc::unwrap_or_clone)
    }
}

fn parse(body: &[u8], input_type: FileType) -> Result<Vec<Value>, String> {
    match input_type {
        FileType::Json => match serde_json::from_slice(body) {
            Ok(Value::Array(items)) => Ok(items),
            Ok(_) => Err("expected an array".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        FileType::Jsonl => {
            let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            lines
                .map(|(index, line)| {
                    serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))
                })
                .collect()
        }
    }
}
