//! How many invocations run at once, and how many may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::lock::lock;
use crate::quotas::{Bucket, Rate};
use crate::service::Words;
use crate::{AwsError, Platform};

/// Invocations at once, in the account and its region. See
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const CONCURRENT_EXECUTIONS: usize = 1_000;
/// Environments that one function may gain: a thousand each ten seconds. See
/// <https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html>.
const SCALING: Rate = Rate::new(1_000, 100);

/// The answer to an invocation too many.
pub(super) const THROTTLING: Words = Words(429, "TooManyRequestsException");

/// The invocations of one account that run. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Concurrency(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    running: usize,
    functions: HashMap<String, Environments>,
}

struct Environments {
    busy: usize,
    made: usize,
    scaling: Bucket,
}

/// A running invocation; it ends when this is dropped.
pub(super) struct Slot {
    concurrency: Concurrency,
    function: String,
}

impl Concurrency {
    /// Counts an invocation of `function` as running, or refuses it if the account's quotas are enforced and used up.
    pub(super) fn enter(&self, platform: &Platform, function: &str) -> Result<Slot, AwsError> {
        let enforced = platform.quotas.are_enforced();
        let mut state = lock(&self.0);
        if enforced && state.running >= CONCURRENT_EXECUTIONS {
            return Err(refusal());
        }
        let fresh = || Environments { busy: 0, made: 0, scaling: Bucket::full(SCALING) };
        let environments = state.functions.entry(function.to_owned()).or_insert_with(fresh);
        if environments.busy == environments.made {
            if enforced && !environments.scaling.take() {
                return Err(refusal());
            }
            environments.made += 1;
        }
        environments.busy += 1;
        state.running += 1;
        Ok(Slot { concurrency: self.clone(), function: function.to_owned() })
    }
}

fn refusal() -> AwsError {
    THROTTLING.error("Rate Exceeded.")
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = lock(&self.concurrency.0);
        state.running -= 1;
        if let Some(environments) = state.functions.get_mut(&self.function) {
            environments.busy -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[tokio::test(start_paused = true)]
    async fn the_thousand_and_first_at_once_is_refused_until_one_has_ended() {
        let platform = Platform::new(Clock::starting_at(jiff::Timestamp::UNIX_EPOCH), 1);
        let concurrency = Concurrency::default();
        let unlimited: Vec<_> = (0..2_000).map(|_| concurrency.enter(&platform, "f").unwrap()).collect();
        drop(unlimited);
        platform.quotas.enforce();
        let mut running: Vec<_> = (0..1_000).map(|_| concurrency.enter(&platform, "f").unwrap()).collect();
        let refused = concurrency.enter(&platform, "g").err().unwrap();
        assert_eq!((refused.code.as_str(), refused.status), ("TooManyRequestsException", 429));
        running.pop();
        assert!(concurrency.enter(&platform, "g").is_ok());
    }
}
