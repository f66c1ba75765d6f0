//! The Pass, Wait and Fail states.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::environment::Environment;
use super::visit::{Visit, plain};
use crate::data::scope::Scope;
use crate::definition::rule::timestamp;
use crate::definition::{Fail, Pass, Text, Until, Wait};
use crate::failure::Failure;
use crate::json::Json;

/// The longest wait that AWS accepts, in seconds. A later timestamp fails the state.
const MAX_WAIT_SECONDS: u64 = 2_147_483_647;

impl<E: Environment> Visit<'_, E> {
    /// The output of a Pass state.
    pub(super) fn pass(&self, pass: &Pass) -> Result<Arc<Json>, Failure> {
        let context = self.context();
        let input = self.effective_input(&context)?;
        let result = match (&pass.result, &pass.parameters) {
            (Some(result), _) => Arc::new(result.clone().into()),
            (None, Some(parameters)) => {
                let scope = Scope { input: &input, context: &context };
                Arc::new(parameters.evaluate(scope).map_err(|error| self.data_error(&error))?.into())
            }
            (None, None) => input,
        };
        self.output(&self.merge(pass.result_path.as_ref(), result)?)
    }

    /// Waits, and returns the output of a Wait state.
    pub(super) async fn wait(&self, wait: &Wait) -> Result<Arc<Json>, Failure> {
        let input = self.effective_input(&self.context())?;
        let delay = self.delay(&wait.until, &input)?;
        tokio::time::sleep(delay).await;
        self.output(&input)
    }

    fn delay(&self, until: &Until, input: &Value) -> Result<Duration, Failure> {
        let wake = match until {
            Until::Seconds(seconds) => {
                return self
                    .quantity(seconds, input, &self.context(), "SecondsPath")
                    .map(Duration::from_secs);
            }
            Until::Timestamp(timestamp) => *timestamp,
            Until::TimestampPath(path) => {
                let context = self.context();
                let value = self.require(path, input, &context)?;
                value.as_str().and_then(timestamp).ok_or_else(|| {
                    self.runtime(format!(
                        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time \
                         format string: {path} == {}",
                        plain(&value)
                    ))
                })?
            }
        };
        let delay = Duration::try_from(wake.duration_since(self.environment.now())).unwrap_or_default();
        if delay.as_secs() > MAX_WAIT_SECONDS {
            return Err(self.runtime("Wait state delay is too long."));
        }
        Ok(delay)
    }

    /// The failure of a Fail state. The error is why it cannot be computed.
    pub(super) fn fail(&self, fail: &Fail) -> Result<Failure, Failure> {
        let context = self.context();
        let scope = Scope { input: self.input, context: &context };
        let evaluate = |text: &Option<Text>, field: &str| match text {
            None => Ok(None),
            Some(Text::Fixed(text)) => Ok(Some(Arc::clone(text))),
            Some(Text::Dynamic(dynamic)) => match dynamic.evaluate(scope, field) {
                Ok(Value::String(text)) => Ok(Some(text.into())),
                Ok(other) => {
                    Err(self.runtime(format!("The {field} field must be a string, but it is: {other}")))
                }
                Err(error) => Err(self.data_error(&error)),
            },
        };
        Ok(Failure { error: evaluate(&fail.error, "ErrorPath")?, cause: evaluate(&fail.cause, "CausePath")? })
    }
}
