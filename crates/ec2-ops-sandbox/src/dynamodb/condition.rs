//! Condition expressions: `attribute_not_exists(a)`, `attribute_exists(a)` and `a = :v`, joined by `AND`.
//!
//! `a` is a name or a `#placeholder`. Which bare names DynamoDB reserves is not modelled, so placeholders are safer. See
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html>.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::validation;
use super::item::{AttributeValue, Item};
use crate::error::AwsError;

/// The longest expression, in bytes. See
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
const MAX_EXPRESSION: usize = 4096;

/// A condition in a request: the expression, and the values of its placeholders.
#[derive(Clone, Copy, Default)]
pub(super) struct Expression<'a> {
    pub(super) text: Option<&'a str>,
    pub(super) names: Option<&'a BTreeMap<String, String>>,
    pub(super) values: Option<&'a BTreeMap<String, AttributeValue>>,
}

/// A parsed condition; without terms it always holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition {
    terms: Vec<Term>,
}

#[derive(Debug, PartialEq, Eq)]
enum Term {
    Exists(String),
    NotExists(String),
    Equals(String, AttributeValue),
}

impl Condition {
    /// Parses an expression; `ValidationException` if it is malformed, or defines what it does not use.
    pub(super) fn parse(expression: Expression<'_>) -> Result<Self, AwsError> {
        if let Some(text) = expression.text.filter(|text| text.len() > MAX_EXPRESSION) {
            let found = text.len();
            return Err(invalid(&format!("an expression has at most {MAX_EXPRESSION} bytes, found {found}")));
        }
        let mut parser = Parser {
            expression,
            tokens: expression.text.map(tokens).transpose()?.unwrap_or_default().into(),
            used: BTreeSet::new(),
        };
        let mut terms = Vec::new();
        if expression.text.is_some() {
            terms.push(parser.term()?);
            while let Some(token) = parser.tokens.pop_front() {
                if !token.eq_ignore_ascii_case("AND") {
                    return Err(invalid(&format!("expected AND, found {token:?}")));
                }
                terms.push(parser.term()?);
            }
        }
        parser.check_all_used()?;
        Ok(Self { terms })
    }

    /// Whether it holds for `item`, or for its absence.
    pub(super) fn holds(&self, item: Option<&Item>) -> bool {
        let attribute = |name: &String| item.and_then(|item| item.get(name));
        self.terms.iter().all(|term| match term {
            Term::Exists(name) => attribute(name).is_some(),
            Term::NotExists(name) => attribute(name).is_none(),
            Term::Equals(name, value) => attribute(name) == Some(value),
        })
    }
}

struct Parser<'a> {
    expression: Expression<'a>,
    tokens: std::collections::VecDeque<&'a str>,
    used: BTreeSet<&'a str>,
}

impl<'a> Parser<'a> {
    fn term(&mut self) -> Result<Term, AwsError> {
        let first = self.next()?;
        match first {
            "attribute_exists" => Ok(Term::Exists(self.argument()?)),
            "attribute_not_exists" => Ok(Term::NotExists(self.argument()?)),
            _ if self.tokens.front() == Some(&"(") => {
                Err(AwsError::unmodelled(format!("the function {first} in a condition expression")))
            }
            _ => {
                let name = self.name(first)?;
                self.expect("=")?;
                Ok(Term::Equals(name, self.value()?))
            }
        }
    }

    fn argument(&mut self) -> Result<String, AwsError> {
        self.expect("(")?;
        let token = self.next()?;
        let name = self.name(token)?;
        self.expect(")")?;
        Ok(name)
    }

    fn name(&mut self, token: &'a str) -> Result<String, AwsError> {
        if token.starts_with('#') {
            let names = self.expression.names;
            self.used.insert(token);
            return names
                .and_then(|names| names.get(token))
                .cloned()
                .ok_or_else(|| invalid(&format!("{token} is not defined in ExpressionAttributeNames")));
        }
        match token.bytes().next() {
            Some(first) if first.is_ascii_alphabetic() => Ok(token.to_owned()),
            _ => Err(invalid(&format!("expected the name of an attribute, found {token:?}"))),
        }
    }

    fn value(&mut self) -> Result<AttributeValue, AwsError> {
        let token = self.next()?;
        if !token.starts_with(':') {
            return Err(invalid(&format!("expected a :value, found {token:?}")));
        }
        self.used.insert(token);
        let value = self.expression.values.and_then(|values| values.get(token)).cloned();
        value
            .ok_or_else(|| invalid(&format!("{token} is not defined in ExpressionAttributeValues")))?
            .normalised()
    }

    fn expect(&mut self, expected: &str) -> Result<(), AwsError> {
        match self.next()? {
            found if found == expected => Ok(()),
            found @ ("<" | ">" | "<>" | "<=" | ">=") => {
                Err(AwsError::unmodelled(format!("the comparison {found} in a condition expression")))
            }
            found => Err(invalid(&format!("expected {expected:?}, found {found:?}"))),
        }
    }

    fn next(&mut self) -> Result<&'a str, AwsError> {
        let token = self.tokens.pop_front();
        token.ok_or_else(|| invalid("it ends too early"))
    }

    fn check_all_used(&self) -> Result<(), AwsError> {
        let names = self.expression.names.into_iter().flat_map(BTreeMap::keys);
        let values = self.expression.values.into_iter().flat_map(BTreeMap::keys);
        match names.chain(values).find(|defined| !self.used.contains(defined.as_str())) {
            Some(unused) => {
                Err(validation(format!("{unused} is defined but not used in the condition expression")))
            }
            None => Ok(()),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<&str>, AwsError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | '=' => 1,
            '<' | '>' => rest.find(|c| !"<>=".contains(c)).unwrap_or(rest.len()),
            '#' | ':' => 1 + word(&rest[1..]),
            _ => word(rest),
        };
        if length == 0 {
            return Err(AwsError::unmodelled(format!("{first:?} in a condition expression")));
        }
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn invalid(fault: &str) -> AwsError {
    validation(format!("Invalid ConditionExpression: {fault}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn parse(text: &str) -> Result<Condition, AwsError> {
        let names = BTreeMap::from([("#t".to_owned(), "token".to_owned())]);
        let values = BTreeMap::from([(":v".to_owned(), s("abc"))]);
        let expression = Expression {
            text: Some(text),
            names: text.contains("#t").then_some(&names),
            values: text.contains(":v").then_some(&values),
        };
        Condition::parse(expression)
    }

    #[test]
    fn each_form_holds_exactly_where_it_should() {
        let item = Item::from([("id".to_owned(), s("i-1")), ("token".to_owned(), s("abc"))]);
        let other = Item::from([("id".to_owned(), s("i-1")), ("token".to_owned(), s("xyz"))]);
        let verdicts = |text: &str| {
            let condition = parse(text).unwrap();
            [Some(&item), Some(&other), None].map(|item| condition.holds(item))
        };
        assert_eq!(verdicts("attribute_not_exists(id)"), [false, false, true]);
        assert_eq!(verdicts("attribute_exists (#t)"), [true, true, false]);
        assert_eq!(verdicts("#t = :v"), [true, false, false]);
        assert_eq!(verdicts("attribute_exists(id) and #t=:v"), [true, false, false]);
        assert_eq!(verdicts("attribute_not_exists(id) AND #t = :v"), [false; 3]);
        assert!(Condition::parse(Expression::default()).unwrap().holds(None));
    }

    #[test]
    fn what_is_malformed_or_not_modelled_is_refused() {
        for text in [
            "",
            "id",
            "id =",
            "= :v",
            "id = x",
            "attribute_exists id",
            "attribute_exists(id) id = :v",
            "#x = :v",
        ] {
            assert_eq!(parse(text).unwrap_err().code, "ValidationException", "{text}");
        }
        for text in ["id < :v", "id <> :v", "begins_with(id, :v)", "size(id) = :v", "id + :v"] {
            assert_eq!(parse(text).unwrap_err().code, "NotImplemented", "{text}");
        }
        assert_eq!(parse("id = :v OR #t = :v").unwrap_err().code, "ValidationException");
    }

    #[test]
    fn a_placeholder_that_nothing_uses_is_refused() {
        let names = BTreeMap::from([("#t".to_owned(), "token".to_owned())]);
        for text in [None, Some("attribute_exists(id)")] {
            let expression = Expression { text, names: Some(&names), values: None };
            assert!(Condition::parse(expression).unwrap_err().message.contains("#t"));
        }
    }

    proptest! {
        #[test]
        fn no_expression_makes_the_parser_panic(text in "[ -~é]{0,30}") {
            let _ = parse(&text);
        }
    }
}
