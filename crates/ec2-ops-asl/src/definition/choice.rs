//! The rules of a Choice state.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::StateId;
use super::fields::{Fields, StateIds};
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

/// What a rule asks of its variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    IsPresent(bool),
    Is(Kind, bool),
    StringMatches(String),
    Compare { kind: Kind, order: Order, operand: Operand },
}

/// The types that values are tested for and compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    String,
    Numeric,
    Boolean,
    Timestamp,
}

/// How a variable must stand to the operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

/// What a variable is compared with.
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

    fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Null => Scalar::Null,
            Self::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Scalar::Number(number),
            Self::Boolean(boolean) => Scalar::Boolean(boolean),
            Self::Timestamp(timestamp) => Scalar::Timestamp(timestamp),
        }
    }
}

/// An RFC 3339 timestamp with a capital `T` and an offset or a capital `Z`, which is what AWS takes.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let (_, time) = text.split_once('T')?;
    let zoned = time.ends_with('Z') || time.get(8..).is_some_and(|zone| zone.contains(['+', '-']));
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte));
    (zoned && plain).then(|| text.parse().ok()).flatten()
}

const COMPARISONS: [&str; 39] = [
    "BooleanEquals",
    "BooleanEqualsPath",
    "IsBoolean",
    "IsNull",
    "IsNumeric",
    "IsPresent",
    "IsString",
    "IsTimestamp",
    "NumericEquals",
    "NumericEqualsPath",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
    "NumericGreaterThanPath",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericLessThanEqualsPath",
    "NumericLessThanPath",
    "StringEquals",
    "StringEqualsPath",
    "StringGreaterThan",
    "StringGreaterThanEquals",
    "StringGreaterThanEqualsPath",
    "StringGreaterThanPath",
    "StringLessThan",
    "StringLessThanEquals",
    "StringLessThanEqualsPath",
    "StringLessThanPath",
    "StringMatches",
    "TimestampEquals",
    "TimestampEqualsPath",
    "TimestampGreaterThan",
    "TimestampGreaterThanEquals",
    "TimestampGreaterThanEqualsPath",
    "TimestampGreaterThanPath",
    "TimestampLessThan",
    "TimestampLessThanEquals",
    "TimestampLessThanEqualsPath",
    "TimestampLessThanPath",
];

/// A rule of `Choices`: a condition and its `Next`.
pub(super) fn top_rule(fields: &Fields<'_>, states: &StateIds<'_>) -> Option<(Rule, StateId)> {
    fields.string("Comment");
    let rule = rule(fields);
    let next = fields.require("Next").and_then(|_| fields.target("Next", states));
    fields.finish("a choice rule");
    Some((rule?, next?))
}

/// A condition inside of `And`, `Or` or `Not`, which has no `Next`.
fn inner_rule(fields: &Fields<'_>) -> Option<Rule> {
    fields.string("Comment");
    let rule = rule(fields);
    fields.finish("a nested choice rule");
    rule
}

fn rule(fields: &Fields<'_>) -> Option<Rule> {
    // Asking for each operator makes it known, so that a misspelt one is compared with all of them.
    let operators: Vec<&'static str> = ["And", "Or", "Not"]
        .into_iter()
        .chain(COMPARISONS)
        .filter(|name| fields.get(name).is_some())
        .collect();
    match operators[..] {
        ["And"] => rules(fields, "And").map(Rule::And),
        ["Or"] => rules(fields, "Or").map(Rule::Or),
        ["Not"] => {
            let inner = fields.inner(fields.get("Not")?, fields.path_of("Not"))?;
            inner_rule(&inner).map(|rule| Rule::Not(Box::new(rule)))
        }
        [name] => {
            fields.require("Variable");
            let variable = fields.path("Variable");
            let test = test(fields, name);
            Some(Rule::Test { variable: variable?, test: test? })
        }
        _ => {
            fields.get("Variable");
            fields.report_all(if operators.is_empty() {
                "a comparison is required, for example 'StringEquals', or 'And', 'Or', 'Not'".to_owned()
            } else {
                format!("only one of '{}' is allowed", operators.join("' and '"))
            });
            None
        }
    }
}

/// The operands of `And` or `Or`.
fn rules(fields: &Fields<'_>, name: &'static str) -> Option<Vec<Rule>> {
    let rules: Vec<_> =
        fields.non_empty_array(name)?.map(|(value, at)| inner_rule(&fields.inner(value, at)?)).collect();
    rules.into_iter().collect()
}

fn test(fields: &Fields<'_>, name: &'static str) -> Option<Test> {
    if name == "IsPresent" {
        return fields.boolean(name).map(Test::IsPresent);
    }
    if name == "StringMatches" {
        return fields.string(name).map(|pattern| Test::StringMatches(pattern.to_owned()));
    }
    if let Some(kind) = name.strip_prefix("Is") {
        let (kind, _) = kind_prefix(kind)?;
        return fields.boolean(name).map(|expected| Test::Is(kind, expected));
    }
    let (kind, rest) = kind_prefix(name)?;
    let order = match rest.strip_suffix("Path").unwrap_or(rest) {
        "Equals" => Order::Equals,
        "LessThan" => Order::LessThan,
        "LessThanEquals" => Order::LessThanEquals,
        "GreaterThan" => Order::GreaterThan,
        _ => Order::GreaterThanEquals,
    };
    let operand = if rest.ends_with("Path") {
        Operand::Path(fields.path(name)?)
    } else {
        Operand::Literal(literal(fields, name, kind)?)
    };
    Some(Test::Compare { kind, order, operand })
}

fn literal(fields: &Fields<'_>, name: &'static str, kind: Kind) -> Option<Scalar<'static>> {
    let value = fields.get(name)?;
    Scalar::read(kind, value).map(Scalar::into_owned).or_else(|| {
        let expected = match kind {
            Kind::Timestamp => "an RFC 3339 timestamp like 2016-03-14T01:59:00Z",
            Kind::Numeric => "a number",
            Kind::Boolean => "true or false",
            Kind::String => "a string",
            Kind::Null => "null",
        };
        fields.report(name, format!("expected {expected}, found {value}"));
        None
    })
}

/// The kind that `name` begins with, and the rest of the name.
fn kind_prefix(name: &str) -> Option<(Kind, &str)> {
    const KINDS: [(&str, Kind); 5] = [
        ("Null", Kind::Null),
        ("String", Kind::String),
        ("Numeric", Kind::Numeric),
        ("Boolean", Kind::Boolean),
        ("Timestamp", Kind::Timestamp),
    ];
    KINDS.iter().find_map(|(prefix, kind)| name.strip_prefix(prefix).map(|rest| (*kind, rest)))
}
