//! What follows on an attempt: another one, or the end of the execution.

use std::time::Duration;

use serde::Serialize;

use crate::document::{Backoff, Job};
use crate::outcome::Outcome;
use crate::status::Status;

/// What the state machine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Next {
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

/// The section that EC2Stopper writes after each attempt: the outcome so far, and what follows. The state machine keeps only
/// the outcome when the execution ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Decision {
    #[serde(flatten)]
    outcome: Outcome,
    /// What the state machine does next.
    next: Next,
    /// How long it waits before another attempt.
    backoff_seconds: u32,
}

impl Decision {
    /// What follows on `outcome`.
    pub(crate) fn new(outcome: Outcome, next: Next, rules: &RetryRules) -> Self {
        let made = u32::try_from(outcome.attempts.len()).unwrap_or(u32::MAX);
        Self { outcome, next, backoff_seconds: rules.backoff_seconds(made) }
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

    fn rules(attempts_allowed: u32) -> RetryRules {
        RetryRules { attempts_allowed, ..RetryRules::of(None, 15) }
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
