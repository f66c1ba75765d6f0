//! Loads the rules of a Choice state.

use super::fields::{Fields, StateIds};
use crate::definition::machine::StateId;
use crate::definition::rule::{Kind, Operand, Order, Rule, Scalar, Test};

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
    // Asking for each operator marks it as known, so that a misspelt one is compared with all of them.
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

/// The kind at the beginning of `name`, and the rest of the name.
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
