//! A call on its way to a service.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::description::Description;
use super::limits;
use crate::protocol::ReadError;
use crate::protocol::Request;
use crate::{AwsError, Caller};

/// A request, and what the endpoint has read of it.
pub(crate) struct Call {
    pub(crate) caller: Caller,
    /// The region of the credential scope.
    pub(crate) region: String,
    /// AWS's name of the action; empty if the request is none that is modelled.
    pub(crate) action: String,
    pub(crate) request_id: String,
    pub(crate) request: Request,
}

/// The input of an action that is not read yet.
pub(crate) struct Input<'a> {
    pub(crate) service: &'static Description,
    pub(crate) action: &'a str,
    pub(crate) region: &'a str,
    pub(crate) caller: &'a Caller,
    pub(crate) body: &'a [u8],
}

impl Input<'_> {
    /// Reads the input as what `operation` takes, and performs it. A parameter that its type does not have is refused by
    /// name, and one beyond the bounds of AWS's model in AWS's words.
    pub(crate) fn with<I: DeserializeOwned, O: Serialize>(
        &self,
        operation: impl FnOnce(I) -> Result<O, AwsError>,
    ) -> Result<Value, AwsError> {
        let Self { service, action, .. } = self;
        let input = service.protocol.read(self.body).map_err(|error| match error {
            ReadError::Unmodelled(path) => service.unmodelled(format!("the parameter {path} in {action}")),
            ReadError::Refused(error) => error,
        })?;
        let request = serde_json::from_slice(self.body).unwrap_or_default();
        limits::check(service.signing_name, action, &request)?;
        let output = serde_json::to_value(operation(input)?);
        let mut output = output.map_err(|fault| service.failure.error(fault.to_string()))?;
        drop_nulls(&mut output);
        Ok(output)
    }
}

/// Leaves out the fields that have no value, as AWS does.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
