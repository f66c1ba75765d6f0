//! The context object, `$$`.

use std::borrow::Cow;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::path::{Path, Segment, descend};
use crate::identity::Identity;

/// What a state can read about itself and its execution.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>.
pub(crate) struct Context<'a> {
    identity: &'a Identity,
    /// The input of the execution.
    input: &'a Value,
    started: Timestamp,
    /// How often the execution was redriven.
    pub(crate) redrives: u32,
    state: &'a str,
    entered: Timestamp,
    /// The number of retries so far; only in a Task state.
    pub(crate) retry_count: Option<u32>,
    /// Only in a task that waits for its token.
    pub(crate) token: Option<&'a str>,
    /// The index and the value of an item; only in an `ItemSelector`.
    pub(crate) item: Option<(usize, &'a Value)>,
    /// Everything but `Execution.Input`. Built when it is first used, because most states never use it.
    value: OnceLock<Value>,
}

impl<'a> Context<'a> {
    /// The context of a state that is not a task: `state`, entered at `entered`, of an execution that was started at
    /// `started` with `input`.
    pub(crate) fn new(
        identity: &'a Identity,
        input: &'a Value,
        started: Timestamp,
        state: &'a str,
        entered: Timestamp,
    ) -> Self {
        Self {
            identity,
            input,
            started,
            redrives: 0,
            state,
            entered,
            retry_count: None,
            token: None,
            item: None,
            value: OnceLock::new(),
        }
    }

    /// The value at `path`, which begins with `$$`.
    pub(crate) fn find(&'a self, path: &Path) -> Option<Cow<'a, Value>> {
        let is = |segment: &Segment, name: &str| matches!(segment, Segment::Field(field) if field == name);
        match path.segments() {
            [execution, input, rest @ ..] if is(execution, "Execution") && is(input, "Input") => {
                descend(self.input, rest).map(Cow::Borrowed)
            }
            [] => Some(Cow::Owned(self.with_input())),
            [execution] if is(execution, "Execution") => {
                Some(Cow::Owned(self.with_input()["Execution"].take()))
            }
            segments => descend(self.value(), segments).map(Cow::Borrowed),
        }
    }

    /// The context object without `Execution.Input`.
    pub(crate) fn value(&self) -> &Value {
        self.value.get_or_init(|| {
            let identity = self.identity;
            let mut value = json!({
                "Execution": {
                    "Id": &*identity.arn,
                    "Name": &*identity.name,
                    "RoleArn": &*identity.role_arn,
                    "StartTime": text(self.started),
                    "RedriveCount": self.redrives,
                },
                "State": {"Name": self.state, "EnteredTime": text(self.entered)},
                "StateMachine": {"Id": &*identity.state_machine_arn, "Name": &*identity.state_machine_name},
            });
            if let Some(retry_count) = self.retry_count {
                value["State"]["RetryCount"] = retry_count.into();
            }
            if let Some((index, item)) = self.item {
                value["Map"] = json!({"Item": {"Index": index, "Value": item}});
            }
            if let Some(token) = self.token {
                value["Task"] = json!({"Token": token});
            }
            value
        })
    }

    fn with_input(&self) -> Value {
        let mut value = self.value().clone();
        value["Execution"]["Input"] = self.input.clone();
        value
    }
}

/// A time as the context object shows it: RFC 3339 in UTC with milliseconds.
fn text(timestamp: Timestamp) -> String {
    format!("{timestamp:.3}")
}
