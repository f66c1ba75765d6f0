//! Payload templates: `Parameters` and `ResultSelector`.

use serde_json::{Map, Value};

use super::intrinsic::Call;
use super::path::{Path, field_of};
use super::scope::{DataError, Scope};

/// A JSON value in which fields named `….$` take their values from paths and intrinsic functions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Template {
    /// A part without such a field.
    Literal(Value),
    /// An object with at least one dynamic part; names are without `.$`.
    Object(Vec<(String, Template)>),
    /// An array with at least one dynamic part.
    Array(Vec<Template>),
    /// A field `….$`.
    Dynamic(Dynamic),
}

/// A value that is computed when the state runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dynamic {
    /// Taken from a path.
    Path(Path),
    /// Computed by an intrinsic function.
    Call(Call),
}

impl Dynamic {
    /// Reads a path or a call of an intrinsic function.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("States.") {
            Call::parse(text).map(Self::Call)
        } else {
            Path::parse(text).map(Self::Path)
        }
    }

    /// The value for `field`.
    pub(crate) fn evaluate(&self, scope: Scope<'_>, field: &str) -> Result<Value, DataError> {
        match self {
            Self::Path(path) => scope.require_for(path, field).map(std::borrow::Cow::into_owned),
            Self::Call(call) => call.evaluate(scope),
        }
    }
}

impl Template {
    /// Reads the template at `at`. Calls `report` with the path and the message of each problem.
    pub(crate) fn load(value: &Value, at: &str, report: &mut dyn FnMut(String, String)) -> Self {
        match value {
            Value::Object(object) => {
                let fields: Vec<_> = object.iter().map(|field| load_field(field, at, report)).collect();
                if fields.iter().all(|(_, field)| matches!(field, Self::Literal(_))) {
                    return Self::Literal(value.clone());
                }
                Self::Object(fields)
            }
            Value::Array(array) => {
                let elements: Vec<_> = array
                    .iter()
                    .enumerate()
                    .map(|(index, element)| Self::load(element, &format!("{at}[{index}]"), report))
                    .collect();
                if elements.iter().all(|element| matches!(element, Self::Literal(_))) {
                    return Self::Literal(value.clone());
                }
                Self::Array(elements)
            }
            scalar => Self::Literal(scalar.clone()),
        }
    }

    /// The value of the template.
    pub(crate) fn evaluate(&self, scope: Scope<'_>) -> Result<Value, DataError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Array(elements) => elements.iter().map(|element| element.evaluate(scope)).collect(),
            Self::Object(fields) => fields
                .iter()
                .map(|(name, field)| match field {
                    Self::Dynamic(dynamic) => {
                        Ok((name.clone(), dynamic.evaluate(scope, &format!("{name}.$"))?))
                    }
                    field => Ok((name.clone(), field.evaluate(scope)?)),
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            Self::Dynamic(dynamic) => dynamic.evaluate(scope, "$"),
        }
    }
}

/// Reads one field of an object; a name that ends in `.$` makes it dynamic.
fn load_field(
    (name, value): (&String, &Value),
    at: &str,
    report: &mut dyn FnMut(String, String),
) -> (String, Template) {
    let at = field_of(at, name);
    let Some(plain) = name.strip_suffix(".$") else {
        return (name.clone(), Template::load(value, &at, report));
    };
    let dynamic = match value {
        Value::String(text) => Dynamic::parse(text),
        other => Err(format!(
            "a field whose name ends in '.$' must be a path or an intrinsic function, found {other}"
        )),
    };
    let template = dynamic.map_or_else(
        |problem| {
            report(at, problem);
            Template::Literal(Value::Null)
        },
        Template::Dynamic,
    );
    (plain.to_owned(), template)
}
