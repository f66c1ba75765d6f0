//! Items and the values of their attributes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::validation;
use crate::error::AwsError;

/// The largest item, names included, in bytes.
/// See <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>.
const MAX_ITEM: usize = 400 * 1024;

/// An item: its attributes by name.
pub type Item = BTreeMap<String, AttributeValue>;

/// The value of an attribute, in DynamoDB's typed JSON: `{"S": "text"}` or `{"N": "7"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// A string.
    S(String),
    /// An integer of at most 38 digits, in decimal. Fractions and exponents are not modelled.
    N(String),
}

impl AttributeValue {
    /// The value as DynamoDB stores it: a number without leading zeros. `ValidationException` if it is none.
    pub(super) fn normalised(self) -> Result<Self, AwsError> {
        let Self::N(number) = self else {
            return Ok(self);
        };
        let (sign, digits) = number.strip_prefix('-').map_or(("", number.as_str()), |digits| ("-", digits));
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            let message = format!("a number is an integer in the ec2-ops sandbox, found {number:?}");
            return Err(validation(message));
        }
        let significant = digits.trim_start_matches('0');
        match significant.len() {
            0 => Ok(Self::N("0".to_owned())),
            1..=38 => Ok(Self::N(format!("{sign}{significant}"))),
            found => Err(validation(format!("a number has at most 38 significant digits, found {found}"))),
        }
    }

    /// `S` or `N`.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::S(text) | Self::N(text) => text,
        }
    }
}

/// `item` as DynamoDB stores it, or `ValidationException` if it is too large or holds an invalid number.
pub(super) fn checked(item: &Item) -> Result<Item, AwsError> {
    let size: usize = item.iter().map(|(name, value)| name.len() + value.text().len()).sum();
    if size > MAX_ITEM {
        return Err(validation(format!("an item has at most {MAX_ITEM} bytes, found {size}")));
    }
    item.iter().map(|(name, value)| Ok((name.clone(), value.clone().normalised()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(number: &str) -> Result<AttributeValue, AwsError> {
        AttributeValue::N(number.to_owned()).normalised()
    }

    #[test]
    fn numbers_are_stored_without_leading_zeros() {
        for (written, stored) in [("007", "7"), ("-0", "0"), ("-10", "-10"), ("0", "0")] {
            assert_eq!(normalised(written), Ok(AttributeValue::N(stored.to_owned())), "{written}");
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for written in ["", "-", "1.5", "1e3", "x", &"9".repeat(39)] {
            assert_eq!(normalised(written).unwrap_err().code, "ValidationException", "{written}");
        }
    }

    #[test]
    fn an_item_beyond_400_kib_is_refused() {
        let item = |length| Item::from([("k".to_owned(), AttributeValue::S("x".repeat(length)))]);
        assert!(checked(&item(MAX_ITEM - 1)).is_ok());
        assert_eq!(checked(&item(MAX_ITEM)).unwrap_err().code, "ValidationException");
    }
}
