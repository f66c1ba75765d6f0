//! The JSON that states pass to each other.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

/// A JSON value, and its text where it was sent as one.
///
/// AWS passes text. If a state changes nothing, its output is the text of its input, with the same white space and the same
/// spelling of numbers. LocalStack recorded this from AWS: `test_parallel_state_nested` in
/// <https://github.com/localstack/localstack/blob/main/tests/aws/services/stepfunctions/v2/scenarios/test_base_scenarios.snapshot.json>.
///
/// A value that a state selects or computes is serialized again, without white space, and with its members in order
/// (`test_map_state_nested` there). Its numbers are 64-bit integers or doubles, because AWS promises no more than doubles:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-data.html>.
///
/// Two are equal if their values are equal. Their texts may differ.
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
