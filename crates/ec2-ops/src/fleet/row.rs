//! What one row came to.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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
    row: Option<u64>,
    name: Option<String>,
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
    cause: Option<String>,
}

/// A row that did not succeed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    /// Its number among the rows, from 0.
    pub(super) row: Option<u64>,
    /// The name of its execution of `run_commands`.
    pub(super) name: Option<String>,
    /// The status of its outcome, or that of Step Functions if it has none.
    pub(super) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

impl Row {
    /// `None` if the row succeeded: its execution did, and the outcome says so.
    pub(super) fn into_failure(self) -> Option<Failure> {
        // An input that is not ours names no row; its failure counts all the same.
        let Input { row, name } = serde_json::from_str(&self.input).unwrap_or_default();
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
            None => Some(Failure {
                row,
                name,
                status: self.error.or(self.status).unwrap_or_else(|| "PENDING".to_owned()),
                reason: self.cause.map(abridged),
            }),
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
