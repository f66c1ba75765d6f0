//! The rules of a Choice state.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Number, Value};

use crate::data::path::Path;

/// A condition on the input.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html>.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    And(Vec<Rule>),
    Or(Vec<Rule>),
    Not(Box<Rule>),
    Test { variable: Path, test: Test },
}

/// The condition of a rule on its variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    IsPresent(bool),
    Is(Kind, bool),
    StringMatches(String),
    Compare { kind: Kind, order: Order, operand: Operand },
}

/// The types that tests and comparisons distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    String,
    Numeric,
    Boolean,
    Timestamp,
}

/// The relation of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

/// The value that a variable is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Literal(Scalar<'static>),
    Path(Path),
}

/// A value that was read as one [`Kind`], so that it can be compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(Number),
    Boolean(bool),
    Timestamp(Timestamp),
}

impl<'a> Scalar<'a> {
    /// `value` as a `kind`, if it is one.
    pub(crate) fn read(kind: Kind, value: &'a Value) -> Option<Self> {
        match (kind, value) {
            (Kind::Null, Value::Null) => Some(Self::Null),
            (Kind::String, Value::String(text)) => Some(Self::Text(Cow::Borrowed(text))),
            (Kind::Numeric, Value::Number(number)) => Some(Self::Number(number.clone())),
            (Kind::Boolean, Value::Bool(boolean)) => Some(Self::Boolean(*boolean)),
            (Kind::Timestamp, Value::String(text)) => timestamp(text).map(Self::Timestamp),
            _ => None,
        }
    }

    pub(super) fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Null => Scalar::Null,
            Self::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Scalar::Number(number),
            Self::Boolean(boolean) => Scalar::Boolean(boolean),
            Self::Timestamp(timestamp) => Scalar::Timestamp(timestamp),
        }
    }
}

/// An RFC 3339 timestamp with a capital `T` and an offset or a capital `Z`, as AWS requires.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let (_, time) = text.split_once('T')?;
    let zoned = time.ends_with('Z') || time.get(8..).is_some_and(|zone| zone.contains(['+', '-']));
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte));
    (zoned && plain).then(|| text.parse().ok()).flatten()
}
