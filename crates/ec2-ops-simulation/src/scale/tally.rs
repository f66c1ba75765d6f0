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
    /// Those that the action's own quota refused, by who called.
    pub(super) throttled: BTreeMap<&'static str, u64>,
    /// Those that were refused for another reason.
    pub(super) refused: u64,
}

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The action's quota of calls.
    Throttled,
    /// Another reason: a launch beyond the quota of vCPUs.
    Other,
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
    /// The instances that are pending or running, each minute.
    pub(super) instances: Series,
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

    /// Counts a call.
    pub(super) fn called(&self, action: &'static str, by: &'static str, refusal: Option<Refusal>) {
        let second = self.elapsed().as_secs();
        let mut counts = lock(&self.counts);
        if action == "RunInstances" && refusal.is_none() {
            add(&mut counts.launched, second);
        }
        let calls = counts.calls.entry(action).or_default();
        add(&mut calls.per_second, second);
        match refusal {
            Some(Refusal::Throttled) => *calls.throttled.entry(by).or_default() += 1,
            Some(Refusal::Other) => calls.refused += 1,
            None => {}
        }
    }

    /// Writes down how many instances are up now.
    pub(super) fn instances(&self, up: usize) {
        lock(&self.counts).instances.push(u32::try_from(up).unwrap_or(u32::MAX));
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
