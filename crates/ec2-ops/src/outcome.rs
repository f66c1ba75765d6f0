//! The outcome: how an execution ended, attempt by attempt.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{InstanceId, Region};
use crate::launch::Tried;
use crate::ports::Kind;
use crate::status::Status;
use crate::step::Market;

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
    /// Where the instance ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Type, zone, architecture and image of the instance.
    #[serde(flatten)]
    pub kind: Kind,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// When EC2 launched the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launched_at: Option<Timestamp>,
    /// When the instance could take commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Timestamp>,
    /// When the SSM agent started the commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands_started_at: Option<Timestamp>,
    /// When the commands ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands_ended_at: Option<Timestamp>,
    /// When it was decided how the attempt ended, before the cleanup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_at: Option<Timestamp>,
    /// When the instance was told to end, if EC2 says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// When the attempt was over, cleanup included.
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
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_size: Option<u64>,
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

/// How much of stdout and of stderr an attempt's record repeats, in characters; all of it is in the logs.
pub(crate) const TAIL: usize = 4_096;

/// The `Cause` of a failed execution holds the outcome as JSON, with at most this many characters. See
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html>.
const LONGEST_CAUSE: usize = 32_768;

/// What is kept of the last attempt and of those before it: the first of these pairs that fits. Eleven attempts of the last
/// pair fit, even if each character needs an escape.
const LIMITS: [(TextLimits, TextLimits); 3] = [
    (TextLimits { reason: 3_000, tail: TAIL, tried: 8 }, TextLimits { reason: 1_000, tail: 1_000, tried: 8 }),
    (TextLimits { reason: 3_000, tail: TAIL, tried: 8 }, TextLimits { reason: 200, tail: 100, tried: 2 }),
    (TextLimits { reason: 1_000, tail: 1_000, tried: 8 }, TextLimits { reason: 200, tail: 100, tried: 2 }),
];

/// The end of `text`.
pub(crate) fn tail(text: &str) -> String {
    last(&printable(text), TAIL)
}

/// The last `characters` of `text`.
fn last(text: &str, characters: usize) -> String {
    text.chars().skip(text.chars().count().saturating_sub(characters)).collect()
}

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
            *tail = last(&printable(tail), limits.tail);
        }
    }
}

fn printable(text: &str) -> String {
    let printable =
        |c: char| if c.is_control() && !"\n\r\t".contains(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(printable).collect()
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How the last attempt ended.
    pub status: Status,
    /// Every attempt, in order.
    pub attempts: Vec<AttemptRecord>,
    /// Warnings about the document.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// The outcome of `attempts`, abridged so that all of them fit.
    pub(crate) fn new(attempts: Vec<AttemptRecord>, warnings: Vec<String>) -> Self {
        let status = attempts.last().map_or(Status::InternalError, |attempt| attempt.status);
        let mut outcome = Self { status, attempts, warnings };
        for (of_last, of_earlier) in LIMITS {
            if let Some((last, earlier)) = outcome.attempts.split_last_mut() {
                last.abridge(of_last);
                for attempt in earlier {
                    attempt.abridge(of_earlier);
                }
            }
            if outcome.characters() <= LONGEST_CAUSE {
                break;
            }
        }
        outcome
    }

    /// How long it is as JSON.
    fn characters(&self) -> usize {
        // It can always be written.
        serde_json::to_string(self).map_or(usize::MAX, |json| json.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::attempt_record;

    fn attempts(statuses: &[Status]) -> Vec<AttemptRecord> {
        (1..).zip(statuses).map(|(number, status)| attempt_record(number, *status)).collect()
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
    fn the_status_of_an_outcome_is_that_of_its_last_attempt() {
        let two = attempts(&[Status::CommandFailed, Status::SpotInterrupted]);
        assert_eq!(Outcome::new(two, Vec::new()).status, Status::SpotInterrupted);
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
            attempt.logs = vec![
                format!("s3://{}/{}/", "b".repeat(63), "k".repeat(150)),
                format!("cloudwatch:/{}/commands:{}", "p".repeat(24), "c".repeat(36)),
            ];
            attempt.kind = Kind {
                instance_type: Some("u7inh-32tb.480xlarge".to_owned()),
                architecture: Some("arm64_mac".to_owned()),
                zone: Some("us-gov-west-1-atl-1a".to_owned()),
                image: Some("ami-0123456789abcdef0".to_owned()),
            };
            attempt.region = Some(Region::new("us-gov-west-1"));
            attempt.output_size = Some(u64::MAX);
            let times = [&mut attempt.launched_at, &mut attempt.ready_at, &mut attempt.over_at];
            let of_commands = [&mut attempt.commands_started_at, &mut attempt.commands_ended_at];
            let times = times.into_iter().chain(of_commands).chain([&mut attempt.stopped_at]);
            times.for_each(|time| *time = Some(attempt.started_at));
        }
        let outcome = Outcome::new(attempts, vec!["w".repeat(200)]);
        let cause = serde_json::to_string(&outcome).unwrap();
        assert!(cause.chars().count() <= 32_768, "{}", cause.chars().count());
        let last = outcome.attempts.last().unwrap();
        assert!(last.reason.as_ref().unwrap().ends_with("\"…"));
        assert!(last.stderr_tail.ends_with("�\n"));
        // Repeated with the next attempt, nothing is cut a second time.
        let again = Outcome::new(outcome.attempts.clone(), Vec::new());
        assert_eq!(again.attempts, outcome.attempts);
    }

    #[test]
    fn the_last_attempt_keeps_four_kilobytes_of_each_stream() {
        let mut attempts = attempts(&[Status::CommandFailed; 3]);
        for attempt in &mut attempts {
            attempt.stdout_tail = "o\n".repeat(TAIL);
            attempt.stderr_tail = "e\n".repeat(TAIL);
        }
        let outcome = Outcome::new(attempts, Vec::new());
        let kept = outcome.attempts.iter().map(|attempt| attempt.stderr_tail.len());
        assert_eq!(kept.collect::<Vec<_>>(), [1_000, 1_000, TAIL]);
    }
}
