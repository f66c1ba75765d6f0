//! What is counted while it happens, by the second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use ec2_ops_sandbox::lock;

/// A number for each second since the start.
pub(super) type Series = Vec<u32>;

/// The calls of one action.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    pub(super) per_second: Series,
    /// Those that a quota refused, by who called.
    pub(super) throttled: BTreeMap<&'static str, u64>,
}

/// The invocations of all functions.
#[derive(Clone, Debug, Default)]
pub(super) struct Invocations {
    /// How many there were, by who asked for them.
    pub(super) count: BTreeMap<&'static str, u64>,
    /// The most at once, in each second in which one began or ended.
    pub(super) concurrent: BTreeMap<u64, u32>,
    pub(super) running: u32,
    pub(super) peak: u32,
    pub(super) busy: Duration,
}

/// Everything that is counted. Clones share it.
#[derive(Clone)]
pub(super) struct Tally {
    started: Instant,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) calls: BTreeMap<&'static str, Calls>,
    pub(super) invocations: Invocations,
    pub(super) launched: Series,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), counts: Arc::default() }
    }

    /// The time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn counts(&self) -> Counts {
        lock(&self.counts).clone()
    }

    pub(super) fn called(&self, action: &'static str, by: &'static str, throttled: bool) {
        let second = self.elapsed().as_secs();
        let mut counts = lock(&self.counts);
        if action == "RunInstances" && !throttled {
            add(&mut counts.launched, second);
        }
        let calls = counts.calls.entry(action).or_default();
        add(&mut calls.per_second, second);
        if throttled {
            *calls.throttled.entry(by).or_default() += 1;
        }
    }

    /// Counts an invocation as running until the answer is dropped.
    pub(super) fn invoked(&self, by: &'static str) -> Running {
        let mut counts = lock(&self.counts);
        let invocations = &mut counts.invocations;
        *invocations.count.entry(by).or_default() += 1;
        invocations.running += 1;
        invocations.peak = invocations.peak.max(invocations.running);
        let peak = invocations.concurrent.entry(self.elapsed().as_secs()).or_default();
        *peak = (*peak).max(invocations.running);
        Running { tally: self.clone(), since: Instant::now() }
    }
}

fn add(series: &mut Series, second: u64) {
    let second = usize::try_from(second).unwrap_or(usize::MAX);
    if series.len() <= second {
        series.resize(second + 1, 0);
    }
    series[second] += 1;
}

/// One invocation that runs.
pub(super) struct Running {
    tally: Tally,
    since: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut counts = lock(&self.tally.counts);
        let invocations = &mut counts.invocations;
        invocations.running -= 1;
        invocations.busy += self.since.elapsed();
        // A second that begins with fewer had as many as remain.
        invocations.concurrent.entry(self.tally.elapsed().as_secs()).or_insert(invocations.running + 1);
    }
}
