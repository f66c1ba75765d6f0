//! The JSON shape of events.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{Details, Ending, Event, StateType};
use crate::definition::Resource;
use crate::failure::{Failure, TIMEOUT};
use crate::json::Json;

type Fields = Map<String, Value>;

impl StateType {
    /// The name at the beginning of event types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Choice => "Choice",
            Self::Fail => "Fail",
            Self::Map => "Map",
            Self::Pass => "Pass",
            Self::Succeed => "Succeed",
            Self::Task => "Task",
            Self::Wait => "Wait",
        }
    }
}

impl Event {
    /// The event's type, for example `TaskStateEntered`.
    pub fn event_type(&self) -> String {
        let name = match &self.details {
            Details::ExecutionStarted { .. } => "ExecutionStarted",
            Details::StateEntered { state_type, .. } => return format!("{}StateEntered", state_type.name()),
            Details::StateExited { state_type, .. } => return format!("{}StateExited", state_type.name()),
            Details::TaskScheduled { .. } => "TaskScheduled",
            Details::TaskStarted { .. } => "TaskStarted",
            Details::TaskSubmitted { .. } => "TaskSubmitted",
            Details::TaskSucceeded { .. } => "TaskSucceeded",
            Details::TaskFailed { .. } => "TaskFailed",
            Details::TaskTimedOut { .. } => "TaskTimedOut",
            Details::MapStateStarted { .. } => "MapStateStarted",
            Details::MapRunStarted { .. } => "MapRunStarted",
            Details::MapRunSucceeded => "MapRunSucceeded",
            Details::MapRunFailed { .. } => "MapRunFailed",
            Details::MapStateSucceeded => "MapStateSucceeded",
            Details::MapStateFailed => "MapStateFailed",
            Details::ExecutionRedriven { .. } => "ExecutionRedriven",
            Details::ExecutionEnded(Ending::Succeeded { .. }) => "ExecutionSucceeded",
            Details::ExecutionEnded(Ending::Failed(_)) => "ExecutionFailed",
            Details::ExecutionEnded(Ending::TimedOut) => "ExecutionTimedOut",
            Details::ExecutionEnded(Ending::Aborted(_)) => "ExecutionAborted",
        };
        name.to_owned()
    }

    /// The name of the field for the details, and the details; `None` for an event that has none.
    fn details_field(&self) -> Option<(&'static str, Fields)> {
        let field = match &self.details {
            Details::ExecutionStarted { input, role_arn } => (
                "executionStartedEventDetails",
                with_input(fields([("roleArn", (&**role_arn).into())]), input),
            ),
            Details::StateEntered { name, input, .. } => {
                ("stateEnteredEventDetails", with_input(fields([("name", (&**name).into())]), input))
            }
            Details::StateExited { name, output, .. } => {
                ("stateExitedEventDetails", with_output(fields([("name", (&**name).into())]), output))
            }
            Details::TaskScheduled { .. } => ("taskScheduledEventDetails", self.scheduled()),
            Details::TaskStarted { resource } => ("taskStartedEventDetails", task(*resource)),
            Details::TaskSubmitted { resource, output } => {
                ("taskSubmittedEventDetails", with_output(task(*resource), output))
            }
            Details::TaskSucceeded { resource, output } => {
                ("taskSucceededEventDetails", with_output(task(*resource), output))
            }
            Details::TaskFailed { resource, failure } => {
                ("taskFailedEventDetails", with_failure(task(*resource), failure))
            }
            Details::TaskTimedOut { resource, failure } => {
                ("taskTimedOutEventDetails", with_failure(task(*resource), failure))
            }
            Details::MapStateStarted { length } => {
                ("mapStateStartedEventDetails", fields([("length", (*length).into())]))
            }
            Details::MapRunStarted { map_run_arn } => {
                ("mapRunStartedEventDetails", fields([("mapRunArn", (&**map_run_arn).into())]))
            }
            Details::MapRunFailed { failure } => {
                ("mapRunFailedEventDetails", with_failure(Fields::new(), failure))
            }
            Details::MapRunSucceeded | Details::MapStateSucceeded | Details::MapStateFailed => return None,
            Details::ExecutionEnded(ending) => ending.details_field(),
            Details::ExecutionRedriven { redrive_count } => {
                ("executionRedrivenEventDetails", fields([("redriveCount", (*redrive_count).into())]))
            }
        };
        Some(field)
    }

    /// The details of `TaskScheduled`.
    fn scheduled(&self) -> Fields {
        let Details::TaskScheduled { resource, region, parameters, timeout_in_seconds, heartbeat_in_seconds } =
            &self.details
        else {
            return Fields::new();
        };
        let mut details = task(*resource);
        details
            .extend(fields([("region", (&**region).into()), ("parameters", parameters.to_string().into())]));
        let limits = [("timeoutInSeconds", timeout_in_seconds), ("heartbeatInSeconds", heartbeat_in_seconds)];
        for (name, seconds) in limits {
            details.extend(seconds.map(|seconds| (name.to_owned(), seconds.into())));
        }
        details
    }
}

impl Ending {
    fn details_field(&self) -> (&'static str, Fields) {
        match self {
            Self::Succeeded { output } => {
                ("executionSucceededEventDetails", with_output(Fields::new(), output))
            }
            Self::Failed(failure) => ("executionFailedEventDetails", with_failure(Fields::new(), failure)),
            Self::Aborted(failure) => ("executionAbortedEventDetails", with_failure(Fields::new(), failure)),
            Self::TimedOut => ("executionTimedOutEventDetails", fields([("error", TIMEOUT.into())])),
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_map(None)?;
        event.serialize_entry("timestamp", &epoch_seconds(self.timestamp))?;
        event.serialize_entry("type", &self.event_type())?;
        event.serialize_entry("id", &self.id)?;
        event.serialize_entry("previousEventId", &self.previous_event_id)?;
        if let Some((field, details)) = self.details_field() {
            event.serialize_entry(field, &details)?;
        }
        event.end()
    }
}

/// Seconds since 1970 with milliseconds, as the API sends timestamps.
#[expect(clippy::cast_precision_loss, reason = "milliseconds stay exact for 285,000 years")]
fn epoch_seconds(timestamp: Timestamp) -> f64 {
    timestamp.as_millisecond() as f64 / 1000.0
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The details that every task event has.
fn task(resource: Resource) -> Fields {
    fields([("resourceType", resource.service().into()), ("resource", resource.name().into())])
}

fn with_input(mut details: Fields, input: &Json) -> Fields {
    details
        .extend(fields([("input", input.to_string().into()), ("inputDetails", json!({"truncated": false}))]));
    details
}

fn with_output(mut details: Fields, output: &Json) -> Fields {
    details.extend(fields([
        ("output", output.to_string().into()),
        ("outputDetails", json!({"truncated": false})),
    ]));
    details
}

fn with_failure(mut details: Fields, failure: &Failure) -> Fields {
    for (name, text) in [("error", &failure.error), ("cause", &failure.cause)] {
        details.extend(text.as_deref().map(|text| (name.to_owned(), text.into())));
    }
    details
}
