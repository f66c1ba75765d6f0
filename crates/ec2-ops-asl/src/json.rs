//! The JSON that states pass to each other.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

/// A JSON value, and its text where it was sent as one.
///
/// AWS passes text: a state that changes nothing has the text of its input as its output, with its white space and the
/// spelling of its numbers. Only a value that a state computes or selects is written anew, without white space.
/// LocalStack recorded this from AWS: `test_parallel_state_nested` and `test_map_state_nested` in
/// <https://github.com/localstack/localstack/blob/main/tests/aws/services/stepfunctions/v2/scenarios/test_base_scenarios.snapshot.json>.
///
/// Two are equal when their values are, whatever their texts look like.
///
/// ```
/// # use ec2_ops_asl::Json;
/// let sent = Json::parse(r#"{"b": 1e2, "a": [1, 2]}"#)?;
/// assert_eq!(sent["a"][1], 2);
/// assert_eq!(sent.to_string(), r#"{"b": 1e2, "a": [1, 2]}"#);
/// assert_eq!(Json::from(sent["a"].clone()).to_string(), "[1,2]");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Json {
    value: Value,
    text: Option<Box<str>>,
}

impl Json {
    /// Reads `text`, and keeps it.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self { value: serde_json::from_str(text)?, text: Some(text.into()) })
    }

    /// The text that was sent, if there was one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The value without its text.
    pub(crate) fn into_value(self) -> Value {
        self.value
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self { value, text: None }
    }
}

impl Deref for Json {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => self.value.fmt(f),
        }
    }
}
