//! The outcome: how an execution ended, attempt by attempt.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::document::{Backoff, Job};
use crate::ids::InstanceId;
use crate::launch::Tried;
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
    pub(crate) fn after(status: Status, made: u32, rules: &RetryRules, fail_execution: bool) -> Self {
        match status {
            Status::Succeeded => Self::Succeed,
            _ if made < rules.attempts_allowed && rules.allow_after(status) => Self::Retry,
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
    /// The candidates that EC2 could not launch, in the order in which the attempt tried them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
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
    /// The end of the commands' stdout, if they failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout_tail: String,
    /// The end of the commands' stderr, if they failed.
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
    /// Of stdout, and of stderr.
    tail: usize,
    /// How many of the candidates that were tried, the last ones.
    tried: usize,
}

/// The `Cause` of a failed execution holds the outcome as JSON, at most 32,768 characters. Eleven attempts of these
/// lengths fit, even if each character needs an escape. See
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html>.
const LONGEST: TextLimits = TextLimits { reason: 3_000, tail: 1_000, tried: 8 };
const LONGEST_OF_EARLIER: TextLimits = TextLimits { reason: 300, tail: 150, tried: 2 };

impl AttemptRecord {
    /// Keeps the beginning of the reason and the ends of stdout and stderr. Unprintable characters become `�`, since JSON
    /// needs six characters for each of them.
    fn abridge(&mut self, limits: TextLimits) {
        if let Some(reason) = &mut self.reason {
            *reason = printable(reason);
            if let Some((cut, _)) = reason.char_indices().nth(limits.reason) {
                reason.truncate(cut);
                reason.push('…');
            }
        }
        self.tried.drain(..self.tried.len().saturating_sub(limits.tried));
        for tail in [&mut self.stdout_tail, &mut self.stderr_tail] {
            let skip = tail.chars().count().saturating_sub(limits.tail);
            *tail = printable(tail).chars().skip(skip).collect();
        }
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
        rules: &RetryRules,
    ) -> Self {
        let status = attempts.last().map_or(Status::InternalError, |attempt| attempt.status);
        let made = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        if let Some((last, earlier)) = attempts.split_last_mut() {
            last.abridge(LONGEST);
            for attempt in earlier {
                attempt.abridge(LONGEST_OF_EARLIER);
            }
        }
        Self { status, attempts, warnings, next, backoff_seconds: rules.backoff_seconds(made) }
    }
}

/// Whether another attempt may follow, and how long the execution waits before it.
#[derive(Clone, Debug)]
pub(crate) struct RetryRules {
    /// How many attempts are allowed, the first included.
    attempts_allowed: u32,
    /// The statuses after which another one is made; `None`: every one that is not final.
    retry_on: Option<Vec<Status>>,
    backoff: Backoff,
    /// The deployment's wait after the first attempt, in seconds.
    usual_s: u32,
}

/// The longest wait by default, in seconds: a user may watch, unless the document itself asks for long waits.
const MAX_BACKOFF_S: u32 = 300;
const MAX_LONG_BACKOFF_S: u32 = 7_200;

impl RetryRules {
    /// The rules of `job`; a document that is not valid gets one attempt.
    pub(crate) fn of(job: Option<&Job>, usual_s: u32) -> Self {
        Self {
            attempts_allowed: job.map_or(1, |job| job.attempts_allowed),
            retry_on: job.and_then(|job| job.retry_on.clone()),
            backoff: job.map(|job| job.backoff).unwrap_or_default(),
            usual_s,
        }
    }

    fn allow_after(&self, status: Status) -> bool {
        !status.is_final() && self.retry_on.as_ref().is_none_or(|statuses| statuses.contains(&status))
    }

    /// The base times the rate to the power of the attempts made and one, at most the maximum.
    fn backoff_seconds(&self, made: u32) -> u32 {
        let Backoff { base_s, rate, max_s } = self.backoff;
        let usual_max = if base_s.is_some() { MAX_LONG_BACKOFF_S } else { MAX_BACKOFF_S };
        // By default the first wait, which has the rate twice as a factor, is the deployment's.
        let base = base_s.map_or(f64::from(self.usual_s) / 4.0, f64::from);
        let grown = base * rate.unwrap_or(2.0).powf(f64::from(made) + 1.0);
        let seconds = Duration::from_secs_f64(grown.min(max_s.unwrap_or(usual_max).into())).as_secs();
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::attempt_record;

    fn attempts(statuses: &[Status]) -> Vec<AttemptRecord> {
        (1..).zip(statuses).map(|(number, status)| attempt_record(number, *status)).collect()
    }

    fn rules(attempts_allowed: u32) -> RetryRules {
        RetryRules { attempts_allowed, ..RetryRules::of(None, 15) }
    }

    /// With the longest names and the longest error.
    fn tried() -> Tried {
        Tried {
            instance_type: "u7inh-32tb.480xlarge".to_owned(),
            subnet: Some("subnet-0123456789abcdef0".to_owned()),
            market: Market::OnDemand,
            error: format!("InsufficientReservedInstanceCapacity: {}", "w".repeat(100)),
        }
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
                Next::after(status, made, &rules(allowed), fail_execution),
                next,
                "{status:?}, {made} of {allowed}"
            );
        }
    }

    #[test]
    fn the_status_of_an_outcome_is_that_of_its_last_attempt() {
        let two = attempts(&[Status::CommandFailed, Status::SpotInterrupted]);
        assert_eq!(Outcome::new(two, Vec::new(), Next::Retry, &rules(2)).status, Status::SpotInterrupted);
    }

    /// The message about an outcome is written by a state machine, whose test reads this file.
    #[test]
    fn the_message_about_an_outcome_is_tested_with_a_real_one() {
        let written = include_str!("../../../terraform/tests/messages/outcome.json");
        let written: serde_json::Value = serde_json::from_str(written).unwrap();
        let outcome: Outcome = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&outcome).unwrap(), written);
    }

    #[test]
    fn an_outcome_fits_into_the_cause_of_a_failed_execution() {
        let mut attempts = attempts(&[Status::CommandFailed; 11]);
        for attempt in &mut attempts {
            attempt.reason = Some("\"".repeat(50_000));
            attempt.stdout_tail = "\u{1b}\n".repeat(50_000);
            attempt.stderr_tail = "\u{1b}\n".repeat(50_000);
            attempt.instances = vec![InstanceId::new("i-0123456789abcdef0")];
            attempt.tried = vec![tried(); 200];
            attempt.logs = vec![format!("s3://{}/{}/", "b".repeat(63), "k".repeat(150))];
        }
        let outcome = Outcome::new(attempts, vec!["w".repeat(200)], Next::Fail, &rules(11));
        let cause = serde_json::to_string(&outcome).unwrap();
        assert!(cause.chars().count() <= 32_768, "{}", cause.chars().count());
        let last = outcome.attempts.last().unwrap();
        assert!(last.reason.as_ref().unwrap().ends_with("\"…"));
        assert!(last.stderr_tail.ends_with("�\n"));
        // Repeated with the next attempt, nothing is cut a second time.
        let again = Outcome::new(outcome.attempts.clone(), Vec::new(), Next::Fail, &rules(11));
        assert_eq!(again.attempts, outcome.attempts);
    }

    #[test]
    fn another_attempt_follows_only_on_the_statuses_that_the_document_names() {
        let named = RetryRules { retry_on: Some(vec![Status::SpotInterrupted]), ..rules(3) };
        for (status, next) in [
            (Status::SpotInterrupted, Next::Retry),
            (Status::CommandFailed, Next::Fail),
            (Status::Succeeded, Next::Succeed),
        ] {
            assert_eq!(Next::after(status, 1, &named, true), next, "{status:?}");
        }
        // What is final stays final.
        let all = RetryRules { retry_on: Some(vec![Status::InvalidExecution]), ..rules(3) };
        assert_eq!(Next::after(Status::InvalidExecution, 1, &all, true), Next::Fail);
    }

    fn waits(backoff: Backoff, usual_s: u32) -> Vec<u32> {
        let rules = RetryRules { backoff, usual_s, ..rules(11) };
        (1..=7).map(|made| rules.backoff_seconds(made)).collect()
    }

    #[test]
    fn waiting_between_attempts_doubles_up_to_five_minutes() {
        assert_eq!(waits(Backoff::default(), 15), [15, 30, 60, 120, 240, 300, 300]);
        assert_eq!(waits(Backoff::default(), 0), [0; 7]);
    }

    #[test]
    fn a_document_may_set_the_base_the_rate_and_the_longest_wait() {
        let base = Backoff { base_s: Some(60), ..Backoff::default() };
        assert_eq!(waits(base, 15), [240, 480, 960, 1_920, 3_840, 7_200, 7_200]);
        let steady = Backoff { base_s: Some(60), rate: Some(1.0), max_s: None };
        assert_eq!(waits(steady, 15), [60; 7]);
        let short = Backoff { base_s: Some(1_800), rate: Some(10.0), max_s: Some(2_000) };
        assert_eq!(waits(short, 15), [2_000; 7]);
        let fractional = Backoff { base_s: Some(10), rate: Some(1.5), max_s: Some(86_400) };
        assert_eq!(waits(fractional, 15), [22, 33, 50, 75, 113, 170, 256]);
    }
}
