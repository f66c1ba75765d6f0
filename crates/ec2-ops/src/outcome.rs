//! The outcome: how an execution ended, attempt by attempt.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::InstanceId;
use crate::status::Status;
use crate::step::Market;

/// What the state machine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// End as SUCCEEDED: the execution succeeded, or its failure has been handled.
    Succeed,
    /// End as FAILED.
    Fail,
    /// Wait, and make another attempt.
    Retry,
}

impl Next {
    /// What follows on the attempt with this status, when `made` attempts have been made.
    pub(crate) fn after(status: Status, made: u32, attempts_allowed: u32, fail_execution: bool) -> Self {
        match status {
            Status::Succeeded => Self::Succeed,
            _ if made < attempts_allowed && !status.is_final() => Self::Retry,
            _ if fail_execution => Self::Fail,
            _ => Self::Succeed,
        }
    }
}

/// The record of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Counts from 1.
    pub attempt: u32,
    /// How it ended.
    pub status: Status,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The instances that it launched: one or none.
    pub instances: Vec<InstanceId>,
    /// How the instance was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<Market>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over, cleanup included.
    pub ended_at: Timestamp,
    /// The script's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The end of the commands' stderr.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr_tail: String,
    /// The output that was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Where the complete output of the commands is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// How much of an attempt's texts the outcome keeps, in characters.
#[derive(Clone, Copy)]
struct TextLimits {
    reason: usize,
    stderr_tail: usize,
}

/// The `Cause` of a failed execution holds the outcome as JSON, at most 32,768 characters. Eleven attempts of these
/// lengths fit, even if each character needs an escape. See
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html>.
const LONGEST: TextLimits = TextLimits { reason: 4_000, stderr_tail: 1_000 };
const LONGEST_OF_EARLIER: TextLimits = TextLimits { reason: 500, stderr_tail: 300 };

impl AttemptRecord {
    /// Keeps the beginning of the reason and the end of stderr. Unprintable characters become `�`, since JSON needs six
    /// characters for each of them.
    fn abridge(&mut self, limits: TextLimits) {
        if let Some(reason) = &mut self.reason {
            *reason = printable(reason);
            if let Some((cut, _)) = reason.char_indices().nth(limits.reason) {
                reason.truncate(cut);
                reason.push('…');
            }
        }
        let skip = self.stderr_tail.chars().count().saturating_sub(limits.stderr_tail);
        self.stderr_tail = printable(&self.stderr_tail).chars().skip(skip).collect();
    }
}

fn printable(text: &str) -> String {
    let printable =
        |c: char| if c.is_control() && !"\n\r\t".contains(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(printable).collect()
}

/// The section that EC2Stopper writes after each attempt; after the last one it is the execution's outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How the last attempt ended.
    pub status: Status,
    /// Every attempt, in order.
    pub attempts: Vec<AttemptRecord>,
    /// Warnings about the document.
    pub warnings: Vec<String>,
    /// What the state machine does next.
    pub next: Next,
    /// How long it waits before another attempt.
    pub backoff_seconds: u32,
}

impl Outcome {
    /// The outcome of `attempts`, abridged so that all of them fit.
    pub(crate) fn new(
        mut attempts: Vec<AttemptRecord>,
        warnings: Vec<String>,
        next: Next,
        backoff_s: u32,
    ) -> Self {
        let status = attempts.last().map_or(Status::InternalError, |attempt| attempt.status);
        let made = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        if let Some((last, earlier)) = attempts.split_last_mut() {
            last.abridge(LONGEST);
            for attempt in earlier {
                attempt.abridge(LONGEST_OF_EARLIER);
            }
        }
        Self { status, attempts, warnings, next, backoff_seconds: backoff_seconds(backoff_s, made) }
    }
}

/// `first`, doubled after each attempt, at most 5 minutes.
fn backoff_seconds(first: u32, made: u32) -> u32 {
    first.saturating_mul(1 << made.saturating_sub(1).min(16)).min(300)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::time;

    fn attempts(statuses: &[Status]) -> Vec<AttemptRecord> {
        let record = |(number, status): (u32, &Status)| AttemptRecord {
            attempt: number,
            status: *status,
            reason: None,
            instances: Vec::new(),
            market: None,
            started_at: time("2026-03-01T05:30:00Z"),
            ended_at: time("2026-03-01T05:40:00Z"),
            exit_code: None,
            stderr_tail: String::new(),
            output: None,
            logs: Vec::new(),
        };
        (1..).zip(statuses).map(record).collect()
    }

    #[test]
    fn what_follows_depends_on_the_last_attempt_and_on_how_many_are_left() {
        use Status::{Cancelled, CommandFailed, InvalidExecution, OutputMissing, SpotInterrupted, Succeeded};
        for (status, made, allowed, fail_execution, next) in [
            (Succeeded, 1, 3, true, Next::Succeed),
            (CommandFailed, 1, 1, false, Next::Succeed),
            (CommandFailed, 1, 1, true, Next::Fail),
            (CommandFailed, 1, 2, true, Next::Retry),
            (SpotInterrupted, 2, 3, false, Next::Retry),
            (OutputMissing, 2, 2, true, Next::Fail),
            (Succeeded, 2, 5, true, Next::Succeed),
            (InvalidExecution, 1, 5, false, Next::Succeed),
            (InvalidExecution, 1, 5, true, Next::Fail),
            (Cancelled, 1, 5, false, Next::Succeed),
            (Cancelled, 2, 5, true, Next::Fail),
        ] {
            assert_eq!(
                Next::after(status, made, allowed, fail_execution),
                next,
                "{status:?}, {made} of {allowed}"
            );
        }
    }

    #[test]
    fn the_status_of_an_outcome_is_that_of_its_last_attempt() {
        let two = attempts(&[Status::CommandFailed, Status::SpotInterrupted]);
        assert_eq!(Outcome::new(two, Vec::new(), Next::Retry, 15).status, Status::SpotInterrupted);
    }

    #[test]
    fn an_outcome_fits_into_the_cause_of_a_failed_execution() {
        let mut attempts = attempts(&[Status::CommandFailed; 11]);
        for attempt in &mut attempts {
            attempt.reason = Some("\"".repeat(50_000));
            attempt.stderr_tail = "\u{1b}\n".repeat(50_000);
            attempt.instances = vec![InstanceId::new("i-0123456789abcdef0")];
            attempt.logs = vec![format!("s3://{}/{}/", "b".repeat(63), "k".repeat(150))];
        }
        let outcome = Outcome::new(attempts, vec!["w".repeat(200)], Next::Fail, 15);
        let cause = serde_json::to_string(&outcome).unwrap();
        assert!(cause.chars().count() <= 32_768, "{}", cause.chars().count());
        let last = outcome.attempts.last().unwrap();
        assert!(last.reason.as_ref().unwrap().ends_with("\"…"));
        assert!(last.stderr_tail.ends_with("�\n"));
        // Repeated with the next attempt, nothing is cut a second time.
        let again = Outcome::new(outcome.attempts.clone(), Vec::new(), Next::Fail, 15);
        assert_eq!(again.attempts, outcome.attempts);
    }

    #[test]
    fn waiting_between_attempts_doubles_up_to_five_minutes() {
        let waits: Vec<_> = (1..=11).map(|made| backoff_seconds(15, made)).collect();
        assert_eq!(waits, [15, 30, 60, 120, 240, 300, 300, 300, 300, 300, 300]);
        assert_eq!((1..=3).map(|made| backoff_seconds(0, made)).collect::<Vec<_>>(), [0, 0, 0]);
    }
}
