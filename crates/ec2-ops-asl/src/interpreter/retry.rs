//! Applies `Retry` and `Catch` to failures.

use std::time::Duration;

use super::visit::StateFailure;
use crate::definition::{Catcher, JitterStrategy, Retrier};
use crate::failure::{ALL, DATA_LIMIT_EXCEEDED, HEARTBEAT_TIMEOUT, RUNTIME, TASK_FAILED, TIMEOUT};

/// The longest back-off, in seconds, where `MaxDelaySeconds` sets none.
const LONGEST_DELAY_SECONDS: f64 = 99_999_999.0;

/// The retries of one visit to a state, counted for each retrier.
pub(super) struct Attempts<'a> {
    retriers: &'a [Retrier],
    used: Vec<u64>,
    retries: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(retriers: &'a [Retrier]) -> Self {
        Self { retriers, used: vec![0; retriers.len()], retries: 0 }
    }

    /// The number of retries so far.
    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// The delay before the next retry, if there is one. Only the first retrier that matches applies: after its last
    /// attempt no later one is used.
    pub(super) fn next_delay(
        &mut self,
        failure: &StateFailure,
        fraction: impl FnOnce() -> f64,
    ) -> Option<Duration> {
        let index = self.retriers.iter().position(|retrier| covers(&retrier.error_equals, failure))?;
        let (retrier, used) = (&self.retriers[index], &mut self.used[index]);
        if *used >= retrier.max_attempts {
            return None;
        }
        let delay = delay(retrier, *used, fraction);
        *used += 1;
        self.retries += 1;
        Some(delay)
    }
}

/// The catcher for `failure`, if there is one.
pub(super) fn catcher<'a>(catchers: &'a [Catcher], failure: &StateFailure) -> Option<&'a Catcher> {
    catchers.iter().find(|catcher| covers(&catcher.error_equals, failure))
}

/// The back-off before the next retry, after `used` retries.
#[expect(clippy::cast_precision_loss, reason = "an interval is at most 99,999,999")]
fn delay(retrier: &Retrier, used: u64, fraction: impl FnOnce() -> f64) -> Duration {
    let longest = retrier.max_delay_seconds.map_or(LONGEST_DELAY_SECONDS, |seconds| seconds as f64);
    let growth = retrier.backoff_rate.powi(i32::try_from(used).unwrap_or(i32::MAX));
    let seconds = (retrier.interval_seconds as f64 * growth).min(longest);
    Duration::from_secs_f64(match retrier.jitter {
        JitterStrategy::None => seconds,
        JitterStrategy::Full => seconds * fraction().clamp(0.0, 1.0),
    })
}

fn covers(names: &[String], failure: &StateFailure) -> bool {
    names.iter().any(|name| matches(name, failure))
}

/// Whether `name` in `ErrorEquals` matches `failure`.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
fn matches(name: &str, failure: &StateFailure) -> bool {
    let error = failure.failure.error.as_deref();
    match name {
        _ if error == Some(RUNTIME) => false,
        ALL => error != Some(DATA_LIMIT_EXCEEDED),
        TASK_FAILED => error != Some(DATA_LIMIT_EXCEEDED) && error != Some(TIMEOUT),
        HEARTBEAT_TIMEOUT if failure.heartbeat => true,
        name => error == Some(name),
    }
}
