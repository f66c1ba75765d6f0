//! What one row came to.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::records::execution_name;
use crate::outcome::Outcome;
use crate::status::Status;

/// How much of a reason a summary keeps, in characters.
const LONGEST_REASON: usize = 1000;

/// A line of a `ResultWriter`: how the execution of one row ended.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Row {
    /// Its status in Step Functions. A row that was never started has none.
    status: Option<String>,
    /// Its input, as JSON text.
    input: String,
    /// Its output, as JSON text.
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

/// The input of a row's execution, as `fleet.asl.json` makes it.
#[derive(Default, Deserialize)]
struct Input {
    #[serde(default)]
    fleet: String,
    #[serde(default)]
    run: u32,
    #[serde(default)]
    document: Value,
}

impl Input {
    /// The row's number, and the name of its execution of `run_commands`. An input that is not ours has none.
    fn read(text: &str) -> (Option<u32>, Option<String>) {
        let Self { fleet, run, document } = serde_json::from_str(text).unwrap_or_default();
        let row = document["row"].as_u64().and_then(|row| row.try_into().ok());
        (row, row.map(|row| execution_name(&fleet, row, run)))
    }
}

/// The output of a row's execution that succeeded.
#[derive(Deserialize)]
struct Output {
    outcome: Outcome,
}

/// The description of an execution of `run_commands` that failed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Nested {
    status: String,
    cause: Option<String>,
}

/// A row that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its number among the rows, from 0.
    pub row: Option<u32>,
    /// The name of its execution of `run_commands`.
    pub name: Option<String>,
    /// The status of its outcome, or that of Step Functions if it has none.
    pub status: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Failure {
    /// Whether the row's execution may have ended in another way: the answer to its start was lost, and it had ended before the
    /// start was tried again.
    pub fn hides_the_end(&self) -> bool {
        self.status == "StepFunctions.ExecutionAlreadyExistsException"
    }
}

impl Row {
    /// `None` if the row succeeded: its execution did, and the outcome says so.
    pub(super) fn into_failure(self) -> Option<Failure> {
        // An input that is not ours names no row; its failure counts all the same.
        let (row, name) = Input::read(&self.input);
        let outcome = match self.status.as_deref() {
            Some("SUCCEEDED") => parse::<Output>(self.output.as_deref()).map(|output| output.outcome),
            _ => failed_outcome(self.cause.as_deref()),
        };
        match outcome {
            Some(outcome) if outcome.status == Status::Succeeded => None,
            Some(outcome) => {
                let reason = outcome.attempts.last().and_then(|attempt| attempt.reason.clone());
                Some(Failure {
                    row,
                    name,
                    status: outcome.status.as_str().to_owned(),
                    reason: reason.map(abridged),
                })
            }
            None => {
                // An execution that was stopped, or whose time was up, has no outcome.
                let nested = parse::<Nested>(self.cause.as_deref()).map(|nested| nested.status);
                let status = nested.or(self.error).or(self.status).unwrap_or_else(|| "PENDING".to_owned());
                Some(Failure { row, name, status, reason: self.cause.map(abridged) })
            }
        }
    }
}

/// The outcome in the cause of a row's failure: the cause is the outcome, or describes an execution that failed with it.
fn failed_outcome(cause: Option<&str>) -> Option<Outcome> {
    parse(cause).or_else(|| parse(parse::<Nested>(cause)?.cause.as_deref()))
}

fn parse<T: DeserializeOwned>(text: Option<&str>) -> Option<T> {
    serde_json::from_str(text?).ok()
}

fn abridged(mut reason: String) -> String {
    if let Some((cut, _)) = reason.char_indices().nth(LONGEST_REASON) {
        reason.truncate(cut);
        reason.push('…');
    }
    reason
}
