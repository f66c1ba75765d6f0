//! The Choice state.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::environment::Environment;
use super::visit::Visit;
use crate::data::scope::{DataError, Scope};
use crate::definition::rule::{Operand, Order, Rule, Scalar, Test};
use crate::definition::{Choice, StateId};
use crate::failure::Failure;

impl<E: Environment> Visit<'_, E> {
    /// The state of the first rule that holds for `input`, else the default.
    pub(super) fn choose(&self, choice: &Choice, input: &Value) -> Result<StateId, Failure> {
        let context = self.context();
        let scope = Scope { input, context: &context };
        for (rule, next) in &choice.rules {
            if holds(rule, scope).map_err(|error| self.data_error(&error))? {
                return Ok(*next);
            }
        }
        choice.default.ok_or_else(|| {
            // The documentation calls this States.NoChoiceMatched; the service returns States.Runtime.
            self.runtime("Failed to transition out of the state. The state does not point to a next state.")
        })
    }
}

/// Whether `rule` holds. `And` and `Or` stop at the first rule that decides, so `IsPresent` can guard the rules after it.
fn holds(rule: &Rule, scope: Scope<'_>) -> Result<bool, DataError> {
    match rule {
        Rule::And(rules) => {
            for rule in rules {
                if !holds(rule, scope)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Rule::Or(rules) => {
            for rule in rules {
                if holds(rule, scope)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Rule::Not(rule) => Ok(!holds(rule, scope)?),
        Rule::Test { variable, test } => {
            let value = scope.find(variable);
            if let Test::IsPresent(expected) = test {
                return Ok(value.is_some() == *expected);
            }
            let value = value.ok_or_else(|| invalid_path(variable))?;
            passes(test, &value, scope)
        }
    }
}

fn passes(test: &Test, value: &Value, scope: Scope<'_>) -> Result<bool, DataError> {
    match test {
        Test::IsPresent(expected) => Ok(*expected),
        Test::Is(kind, expected) => Ok(Scalar::read(*kind, value).is_some() == *expected),
        Test::StringMatches(pattern) => Ok(value.as_str().is_some_and(|text| matches(pattern, text))),
        Test::Compare { kind, order, operand } => {
            let Some(left) = Scalar::read(*kind, value) else {
                return Ok(false);
            };
            match operand {
                Operand::Literal(right) => Ok(is_in_order(&left, *order, right)),
                Operand::Path(path) => {
                    let right = scope.find(path).ok_or_else(|| invalid_path(path))?;
                    Ok(Scalar::read(*kind, &right).is_some_and(|right| is_in_order(&left, *order, &right)))
                }
            }
        }
    }
}

fn invalid_path(path: &crate::data::path::Path) -> DataError {
    DataError::runtime(format!(
        "Invalid path '{path}': The choice state's condition path references an invalid value."
    ))
}

fn is_in_order(left: &Scalar<'_>, order: Order, right: &Scalar<'_>) -> bool {
    let Some(ordering) = compare(left, right) else {
        return false;
    };
    match order {
        Order::Equals => ordering.is_eq(),
        Order::LessThan => ordering.is_lt(),
        Order::LessThanEquals => ordering.is_le(),
        Order::GreaterThan => ordering.is_gt(),
        Order::GreaterThanEquals => ordering.is_ge(),
    }
}

fn compare(left: &Scalar<'_>, right: &Scalar<'_>) -> Option<Ordering> {
    match (left, right) {
        (Scalar::Text(left), Scalar::Text(right)) => Some(left.cmp(right)),
        (Scalar::Number(left), Scalar::Number(right)) => compare_numbers(left, right),
        (Scalar::Boolean(left), Scalar::Boolean(right)) => Some(left.cmp(right)),
        (Scalar::Timestamp(left), Scalar::Timestamp(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Compares 64-bit integers exactly, other numbers as doubles.
fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any characters and `\` takes the next one literally.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => pieces.push(String::new()),
            character => {
                let literal = if character == '\\' { characters.next().unwrap_or('\\') } else { character };
                if let Some(piece) = pieces.last_mut() {
                    piece.push(literal);
                }
            }
        }
    }
    let [first, middle @ .., last] = &pieces[..] else {
        return pieces.first().is_some_and(|piece| piece == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match rest.split_once(piece.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}
