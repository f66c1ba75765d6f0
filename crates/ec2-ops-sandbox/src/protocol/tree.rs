//! A request as a tree: what the forms of Query and the bodies of JSON have in common.

use serde_json::Value;

/// A value of a request.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    /// `Name=text`: the request does not say what it is.
    Text(String),
    /// A string, number or boolean of JSON.
    Scalar(Value),
    /// `Name.1…`, `Name.2…`, or an array.
    List(Vec<Node>),
    /// `Name.Field…`, or an object.
    Fields(Vec<Field>),
}

/// A field of a structure, by both its names.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    /// On the wire, for example `Filter`.
    pub(super) wire: String,
    /// In the API, for example `Filters`.
    pub(super) name: String,
    pub(super) node: Node,
}

impl From<Value> for Node {
    /// A field that is `null` is absent.
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Fields(
                fields
                    .into_iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| Field { wire: name.clone(), name, node: value.into() })
                    .collect(),
            ),
            scalar => Self::Scalar(scalar),
        }
    }
}
