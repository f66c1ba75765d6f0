//! What was measured, as figures and as curves.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fleet::FleetReport;
use super::history::Histories;
use super::options::Options;
use super::tally::{Calls, Counts, Invocations, Series, Tally};
use ec2_ops_sandbox::prices::{GB_SECOND, INSTANCE_HOUR, STATE_TRANSITION, gb_seconds};
use ec2_ops_sandbox::quotas::{Quotas, Rate};

/// What was measured of thousands of executions at once.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was simulated.
    pub options: Options,
    /// How many executions ended with which outcome; one without an outcome has Step Functions' own status.
    pub outcomes: BTreeMap<String, usize>,
    /// Virtual time from the first start to the last end.
    pub duration: Duration,
    /// The launches.
    pub launches: LaunchReport,
    /// The calls, by action.
    pub calls: BTreeMap<&'static str, ApiReport>,
    /// The functions.
    pub lambda: LambdaReport,
    /// Transitions, events and retries.
    pub histories: Histories,
    /// The fleet, if they were its rows.
    pub fleet: Option<FleetReport>,
    /// How long the simulation took.
    pub wall: Duration,
    /// The most memory that the process had resident, in bytes, if the system reports it.
    pub peak_memory: Option<u64>,
}

/// How soon everything was launched.
#[derive(Clone, Debug)]
pub struct LaunchReport {
    /// Instances launched in each second since the first start.
    pub per_second: Vec<u32>,
    /// When the last was launched.
    pub last: Duration,
    /// When it would have been if no token of RunInstances had ever been lost.
    pub bound: Duration,
    /// The instances that were pending or running, each minute since the first start.
    pub instances: Vec<u32>,
}

/// The calls of one action.
#[derive(Clone, Debug)]
pub struct ApiReport {
    /// All calls, refused ones included.
    pub calls: u64,
    /// Those that the quota refused, by the state that called, or `event`, `sweeper` or `caller`.
    pub throttled: BTreeMap<&'static str, u64>,
    /// Those that were refused for another reason: launches beyond the quota of vCPUs, objects that do not exist.
    pub refused: u64,
    /// The quota, where there is one.
    pub quota: Option<Rate>,
    /// All calls in each second since the first start.
    pub per_second: Vec<u32>,
}

/// The functions, all five together.
#[derive(Clone, Debug)]
pub struct LambdaReport {
    /// Invocations, by the state that asked for them, or `event` or `sweeper`.
    pub invocations: BTreeMap<&'static str, u64>,
    /// The most that ran at once.
    pub peak: u32,
    /// The most that ran at once in each second since the first start.
    pub concurrent: Vec<u32>,
    /// The time that all together ran.
    pub busy: Duration,
}

impl Report {
    pub(super) fn new(
        options: Options,
        outcomes: BTreeMap<String, usize>,
        histories: Histories,
        tally: &Tally,
    ) -> Self {
        let Counts { calls, invocations, launched, instances } = tally.counts();
        let duration = tally.elapsed();
        Self {
            options,
            outcomes,
            duration,
            launches: LaunchReport::new(launched, instances, options.executions),
            calls: calls.into_iter().map(|(action, calls)| (action, ApiReport::new(action, calls))).collect(),
            lambda: LambdaReport::new(invocations, duration),
            histories,
            fleet: None,
            wall: Duration::ZERO,
            peak_memory: None,
        }
    }

    /// Dollars for the state transitions of all executions.
    #[expect(clippy::cast_precision_loss, reason = "dollars for people")]
    pub fn transition_cost(&self) -> f64 {
        STATE_TRANSITION.of(self.histories.transitions.total as f64)
    }

    /// Dollars for all executions together, with their instances.
    pub fn cost(&self) -> f64 {
        let minutes: u32 = self.launches.instances.iter().sum();
        self.lambda_cost() + self.transition_cost() + INSTANCE_HOUR.of(f64::from(minutes) / 60.0)
    }

    /// Dollars for the state transitions of a fleet, beside those of its executions.
    #[expect(clippy::cast_precision_loss, reason = "dollars for people")]
    pub fn fleet_cost(&self) -> f64 {
        self.fleet.as_ref().map_or(0.0, |fleet| STATE_TRANSITION.of(fleet.transitions as f64))
    }

    /// Dollars for the time of all functions.
    pub fn lambda_cost(&self) -> f64 {
        GB_SECOND.of(gb_seconds(self.lambda.busy.as_secs_f64()))
    }
}

impl LaunchReport {
    fn new(per_second: Series, instances: Series, launches: usize) -> Self {
        let quota = Quotas::rate_of("RunInstances").unwrap_or(Rate::new(1, 1));
        let queued = u32::try_from(launches).unwrap_or(u32::MAX).saturating_sub(quota.burst);
        Self {
            last: Duration::from_secs(per_second.len() as u64),
            bound: Duration::from_secs(1) * queued / quota.per_second,
            per_second,
            instances,
        }
    }

    /// The launch rate as a share of what the quota allows, at most 1.
    pub fn efficiency(&self) -> f64 {
        if self.last.is_zero() { 1.0 } else { self.bound.as_secs_f64() / self.last.as_secs_f64() }
    }

    /// The most instances at once.
    pub fn most_instances(&self) -> u32 {
        self.instances.iter().copied().max().unwrap_or_default()
    }

    /// The mean of the instances at once until the last launch.
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    pub fn mean_instances(&self) -> f64 {
        let minutes = usize::try_from(self.last.as_secs() / 60)
            .unwrap_or(usize::MAX)
            .clamp(1, self.instances.len().max(1));
        let counted = self.instances.iter().take(minutes);
        f64::from(counted.sum::<u32>()) / minutes as f64
    }
}

impl ApiReport {
    fn new(action: &str, Calls { per_second, throttled, refused }: Calls) -> Self {
        let calls = per_second.iter().map(|calls| u64::from(*calls)).sum();
        Self { calls, throttled, refused, quota: Quotas::rate_of(action), per_second }
    }

    /// The most calls in one second.
    pub fn peak(&self) -> u32 {
        self.per_second.iter().copied().max().unwrap_or_default()
    }

    /// Calls each second, from the first start to the last call.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn mean(&self) -> f64 {
        self.calls as f64 / self.per_second.len().max(1) as f64
    }
}

impl LambdaReport {
    fn new(invocations: Invocations, duration: Duration) -> Self {
        let seconds = usize::try_from(duration.as_secs()).unwrap_or_default() + 1;
        let mut concurrent = vec![0; seconds];
        for (second, running) in invocations.concurrent {
            if let Some(place) = usize::try_from(second).ok().and_then(|second| concurrent.get_mut(second)) {
                *place = running;
            }
        }
        Self { invocations: invocations.count, peak: invocations.peak, concurrent, busy: invocations.busy }
    }
}
