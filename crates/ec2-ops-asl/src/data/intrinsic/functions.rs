//! The intrinsic functions.

use serde_json::Value;

/// The intrinsic functions that are modelled. Those that make random or encoded values are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    Format,
    JsonMerge,
    JsonToString,
    MathAdd,
    StringToJson,
}

const FUNCTIONS: [(&str, Function); 9] = [
    ("States.Array", Function::Array),
    ("States.ArrayContains", Function::ArrayContains),
    ("States.ArrayGetItem", Function::ArrayGetItem),
    ("States.ArrayLength", Function::ArrayLength),
    ("States.Format", Function::Format),
    ("States.JsonMerge", Function::JsonMerge),
    ("States.JsonToString", Function::JsonToString),
    ("States.MathAdd", Function::MathAdd),
    ("States.StringToJson", Function::StringToJson),
];

impl Function {
    /// The function of that name.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let names = FUNCTIONS.map(|(name, _)| name);
        FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function).ok_or_else(|| {
            let hint = crate::suggestion::did_you_mean(name, names);
            format!("function '{name}' is not supported{hint}; supported are {}", names.join(", "))
        })
    }

    /// Checks the number of arguments.
    pub(super) fn accepts(self, count: usize) -> Result<(), String> {
        let (low, high, takes) = match self {
            Self::Array => (0, usize::MAX, "any number of arguments"),
            Self::Format => (1, usize::MAX, "a format string and its values"),
            Self::ArrayLength | Self::JsonToString | Self::StringToJson => (1, 1, "one argument"),
            Self::ArrayContains | Self::ArrayGetItem | Self::MathAdd => (2, 2, "two arguments"),
            Self::JsonMerge => (3, 3, "three arguments"),
        };
        if (low..=high).contains(&count) {
            Ok(())
        } else {
            Err(format!("the function takes {takes}, found {count}"))
        }
    }

    /// The function's result. The error names the argument that the function does not accept.
    pub(super) fn apply(self, arguments: &[Value]) -> Result<Value, String> {
        match (self, arguments) {
            (Self::Array, elements) => Ok(Value::Array(elements.to_vec())),
            (Self::ArrayContains, [Value::Array(array), item]) => Ok(array.contains(item).into()),
            (Self::ArrayGetItem, [Value::Array(array), index]) => get_item(array, index),
            (Self::ArrayLength, [Value::Array(array)]) => Ok(array.len().into()),
            (Self::Format, [Value::String(template), values @ ..]) => {
                format(template, values).map(Value::String)
            }
            (Self::JsonMerge, [left, right, deep]) => json_merge(left, right, deep),
            (Self::JsonToString, [value]) => Ok(value.to_string().into()),
            (Self::MathAdd, [left, right]) => integer(left)?
                .checked_add(integer(right)?)
                .map(Value::from)
                .ok_or_else(|| "the sum is outside of the range of a 32-bit integer".to_owned()),
            (Self::StringToJson, [Value::String(text)]) if text.trim().is_empty() => Ok(Value::Null),
            (Self::StringToJson, [Value::String(text)]) => {
                serde_json::from_str(text).map_err(|error| format!("'{text}' is not JSON: {error}"))
            }
            (_, arguments) => Err(format!(
                "Invalid arguments: {}",
                arguments.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
            )),
        }
    }
}

fn get_item(array: &[Value], index: &Value) -> Result<Value, String> {
    index
        .as_u64()
        .and_then(|index| array.get(usize::try_from(index).ok()?))
        .cloned()
        .ok_or_else(|| format!("there is no element {index} in an array of {}", array.len()))
}

/// A 32-bit integer; AWS rounds other numbers.
fn integer(value: &Value) -> Result<i32, String> {
    let number = value.as_f64().ok_or_else(|| format!("expected a number, found {value}"))?.round();
    if number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX) {
        #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
        return Ok(number as i32);
    }
    Err(format!("{value} is outside of the range of a 32-bit integer"))
}

/// AWS supports only the shallow merge, in which the right side wins.
fn json_merge(left: &Value, right: &Value, deep: &Value) -> Result<Value, String> {
    match (left, right, deep) {
        (Value::Object(left), Value::Object(right), Value::Bool(false)) => {
            let mut merged = left.clone();
            merged.extend(right.clone());
            Ok(Value::Object(merged))
        }
        (_, _, Value::Bool(true)) => Err("Step Functions only supports the shallow merging mode".to_owned()),
        _ => Err(format!("expected two objects and false, found {left}, {right} and {deep}")),
    }
}

/// Replaces each `{}` of `template` by the next value. A backslash escapes a brace.
fn format(template: &str, values: &[Value]) -> Result<String, String> {
    let mut text = String::with_capacity(template.len());
    let mut values = values.iter();
    let mut characters = template.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            '{' if characters.next() == Some('}') => match values.next() {
                Some(Value::String(value)) => text.push_str(value),
                Some(value) => text.push_str(&value.to_string()),
                None => return Err("there are more '{}' than values".to_owned()),
            },
            '{' | '}' => return Err("a brace that is not part of '{}' must be escaped".to_owned()),
            _ => text.push(character),
        }
    }
    match values.next() {
        None => Ok(text),
        Some(_) => Err("there are more values than '{}'".to_owned()),
    }
}
