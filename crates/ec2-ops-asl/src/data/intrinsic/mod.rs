//! Intrinsic functions: `States.Format('{}-{}', $.a, $.b)`.

mod functions;
mod parse;

use serde_json::Value;

use super::path::Path;
use super::scope::{DataError, Scope};
use functions::Function;

/// A call of an intrinsic function.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    function: Function,
    arguments: Vec<Argument>,
    /// The text of the call, for messages.
    text: String,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
enum Argument {
    Literal(Value),
    Path(Path),
    Call(Call),
}

impl Call {
    /// Whether `path` is an argument of this call or of a nested one.
    pub(crate) fn mentions(&self, path: &str) -> bool {
        self.arguments.iter().any(|argument| match argument {
            Argument::Literal(_) => false,
            Argument::Path(argument) => argument.to_string() == path,
            Argument::Call(call) => call.mentions(path),
        })
    }

    /// The result of the call.
    pub(crate) fn evaluate(&self, scope: Scope<'_>) -> Result<Value, DataError> {
        let arguments = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Literal(value) => Ok(value.clone()),
                Argument::Call(call) => call.evaluate(scope),
                Argument::Path(path) => scope.find(path).map(std::borrow::Cow::into_owned).ok_or_else(|| {
                    DataError::runtime(format!(
                        "The function '{}' had the following error: The JsonPath argument for the field '{path}' could \
                         not be found in the input '{}'",
                        self.text, scope.input
                    ))
                }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.function.apply(&arguments).map_err(|problem| DataError {
            error: crate::failure::INTRINSIC_FAILURE,
            message: format!("The function '{}' had the following error: {problem}", self.text),
        })
    }
}

#[cfg(test)]
mod tests;
