//! What has happened in an execution, event by event.

use aws_sdk_sfn::types::{HistoryEvent, TaskScheduledEventDetails};
use jiff::Timestamp;
use serde_json::Value;

use crate::time::timestamp;
use crate::{Client, Error};

/// One event of an execution's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Counts from 1.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Step Functions' name of what happened, `TaskScheduled`.
    pub kind: String,
    /// What happened.
    pub what: What,
    /// What else the event says, in AWS's own names: `error`, `cause`, `parameters`, `output`.
    pub details: Vec<(&'static str, String)>,
}

/// What an event says, as far as a user of ec2-ops has a use for it.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A state was entered.
    Entered {
        /// Its name.
        state: String,
        /// Its type: `Task`, `Wait`, `Pass`, …
        kind: String,
        /// Its input.
        input: Value,
    },
    /// A state was left.
    Exited {
        /// Its name.
        state: String,
        /// What follows it: the whole state of the execution.
        output: Value,
    },
    /// A task was tried.
    Tried,
    /// A try of a task failed.
    Failed {
        /// The name of the error.
        error: String,
        /// What it says to people.
        message: String,
    },
    /// A try of a task succeeded.
    Succeeded,
    /// A try of a task took longer than it may.
    TimedOut,
    /// The execution ended.
    Ended,
    /// Anything else.
    Other,
}

impl Event {
    fn read(event: &HistoryEvent) -> Self {
        Self {
            id: event.id(),
            at: timestamp(event.timestamp()),
            kind: event.r#type().as_str().to_owned(),
            what: What::read(event),
            details: details(event),
        }
    }
}

/// What an event of a task or of an end says. Inputs and outputs of states are in [`What`].
fn details(event: &HistoryEvent) -> Vec<(&'static str, String)> {
    let mut said: Vec<(&'static str, Option<&str>)> = Vec::new();
    let scheduled = event.task_scheduled_event_details();
    let timeout =
        scheduled.and_then(TaskScheduledEventDetails::timeout_in_seconds).map(|limit| limit.to_string());
    if let Some(details) = scheduled {
        said.extend([("timeout_in_seconds", timeout.as_deref()), ("parameters", Some(details.parameters()))]);
    }
    if let Some(details) = event.task_succeeded_event_details() {
        said.push(("output", details.output()));
    }
    // An event has the details of its own type only.
    let failures = [
        event.task_failed_event_details().map(|details| (details.error(), details.cause())),
        event.task_timed_out_event_details().map(|details| (details.error(), details.cause())),
        event.execution_failed_event_details().map(|details| (details.error(), details.cause())),
        event.execution_aborted_event_details().map(|details| (details.error(), details.cause())),
        event.execution_timed_out_event_details().map(|details| (details.error(), details.cause())),
    ];
    for (error, cause) in failures.into_iter().flatten() {
        said.extend([("error", error), ("cause", cause)]);
    }
    said.into_iter().filter_map(|(name, text)| Some((name, text?.to_owned()))).collect()
}

impl What {
    fn read(event: &HistoryEvent) -> Self {
        let json =
            |text: Option<&str>| text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let kind = event.r#type().as_str();
        if let Some(details) = event.state_entered_event_details() {
            let kind = kind.trim_end_matches("StateEntered").to_owned();
            return Self::Entered { state: details.name().to_owned(), kind, input: json(details.input()) };
        }
        if let Some(details) = event.state_exited_event_details() {
            return Self::Exited { state: details.name().to_owned(), output: json(details.output()) };
        }
        let failed = |error: Option<&str>, cause: Option<&str>| Self::Failed {
            error: error.unwrap_or("error").to_owned(),
            message: message(cause.unwrap_or_default()),
        };
        match kind {
            "TaskScheduled" => Self::Tried,
            "TaskFailed" => {
                let details = event.task_failed_event_details();
                failed(details.and_then(|d| d.error()), details.and_then(|d| d.cause()))
            }
            "TaskStartFailed" | "TaskSubmitFailed" => failed(Some(kind), None),
            "TaskSucceeded" => Self::Succeeded,
            "TaskTimedOut" => Self::TimedOut,
            "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionAborted" | "ExecutionTimedOut" => {
                Self::Ended
            }
            _ => Self::Other,
        }
    }
}

/// What a cause says to people: a Lambda function's error is JSON with a message, everything else is text.
fn message(cause: &str) -> String {
    let report: Value = serde_json::from_str(cause).unwrap_or_default();
    report["errorMessage"].as_str().unwrap_or(cause).to_owned()
}

/// Reads the history of one execution as it grows.
#[derive(Clone, Debug)]
pub struct HistoryReader {
    client: Client,
    arn: String,
    last: i64,
}

/// The largest page, for the history so far, and a small one, for what is new since the last look.
const ALL: i32 = 1000;
const NEW: i32 = 50;

impl HistoryReader {
    /// The events since the last call, oldest first.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn read(&mut self) -> Result<Vec<Event>, Error> {
        let (mut events, mut token) = (Vec::new(), None);
        // From the newest backwards: so the end is reached in one call, however long the history is.
        loop {
            let size = if self.last == 0 { ALL } else { NEW };
            let call = self.client.sfn.get_execution_history().execution_arn(&self.arn);
            let call = call.reverse_order(true).max_results(size).set_next_token(token);
            let page = call.send().await.map_err(|error| Error::of_call("GetExecutionHistory", &error))?;
            let before = events.len();
            let new = page.events().iter().take_while(|event| event.id() > self.last);
            events.extend(new.map(Event::read));
            token = page.next_token;
            if token.is_none() || events.len() - before < page.events.len() {
                break;
            }
        }
        // Oldest first, also where a stand-in such as moto ignores `reverseOrder`.
        events.sort_unstable_by_key(|event| event.id);
        self.last = events.last().map_or(self.last, |event| event.id);
        Ok(events)
    }
}

impl Client {
    /// A reader of the history of the execution with that ARN, from its beginning.
    pub fn history(&self, arn: &str) -> HistoryReader {
        HistoryReader { client: self.clone(), arn: arn.to_owned(), last: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_function_is_read_from_its_cause() {
        assert_eq!(
            message(r#"{"errorType": "InstanceNotReady", "errorMessage": "i-1 is pending"}"#),
            "i-1 is pending"
        );
        assert_eq!(message("Rate Exceeded."), "Rate Exceeded.");
        assert_eq!(message(r#"{"status": 7}"#), r#"{"status": 7}"#);
    }
}
