//! Faults by chance: a seed draws them as calls and events come.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ec2_ops_asl::Failure;
use fastrand::Rng;
use jiff::Timestamp;

use super::kind::FaultKind;
use super::mix::Mix;
use super::other_error::OtherError;
use crate::ports::Part;
use ec2_ops_sandbox::ec2::Shortage;
use ec2_ops_sandbox::stepfunctions::StartFault;
use ec2_ops_sandbox::{Clock, Event, lock};

/// The faults of one schedule, drawn as they are met.
pub(crate) struct Faults {
    mix: Mix,
    clock: Clock,
    started: Timestamp,
    rng: Mutex<Rng>,
    counts: Mutex<BTreeMap<FaultKind, u64>>,
    trace: Option<Mutex<Vec<String>>>,
    /// When the last of the events so far arrives.
    last_arrival: Mutex<Timestamp>,
    /// The errors that wait for the repetitions of calls, by function and action.
    repetitions: Mutex<BTreeMap<(&'static str, &'static str), OtherError>>,
    /// Whether a part of an answer is lost each time, by what it is a part of.
    lost_parts: Mutex<BTreeMap<String, bool>>,
    /// Whether AWS has recovered, as every promise assumes that it does in the end.
    healed: AtomicBool,
}

impl Faults {
    pub(crate) fn new(mix: Mix, clock: Clock, rng: Rng, traced: bool) -> Self {
        let started = clock.now();
        let trace = traced.then(Mutex::default);
        Self {
            mix,
            clock,
            started,
            rng: Mutex::new(rng),
            counts: Mutex::default(),
            trace,
            last_arrival: Mutex::new(started),
            repetitions: Mutex::default(),
            lost_parts: Mutex::default(),
            healed: AtomicBool::new(false),
        }
    }

    pub(crate) fn count(&self, kind: FaultKind) {
        *lock(&self.counts).entry(kind).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<FaultKind, u64> {
        lock(&self.counts).clone()
    }

    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let at = self.clock.now().duration_since(self.started).as_secs_f64();
            lock(trace).push(format!("{at:>10.3} s  {}", what()));
        }
    }

    pub(crate) fn take_trace(&self) -> Vec<String> {
        self.trace.as_ref().map(|trace| std::mem::take(&mut *lock(trace))).unwrap_or_default()
    }

    fn dark(&self) -> bool {
        let now = self.clock.now();
        self.mix.outage.is_some_and(|outage| {
            now > self.started + outage.after
                && outage.over_after().is_none_or(|over| now < self.started + over)
        })
    }

    /// Whether the control plane fails for good, now or later.
    pub(crate) fn dark_ahead(&self) -> bool {
        self.mix.is_dark()
    }

    pub(crate) fn calm(&self) -> bool {
        self.mix.is_calm()
    }

    /// Ends every fault of chance.
    pub(crate) fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && !self.healed() && lock(&self.rng).f64() < probability
    }

    /// Why EC2 refuses the next launch, on Spot or on demand.
    pub(crate) fn shortage(&self, spot: bool) -> Option<Shortage> {
        const ANYWHERE: [Shortage; 6] = [
            Shortage::InsufficientInstanceCapacity,
            Shortage::UnsupportedInZone,
            Shortage::InsufficientFreeAddressesInSubnet,
            Shortage::VcpuLimitExceeded,
            Shortage::UnknownInstanceProfile,
            Shortage::ImageUnavailable,
        ];
        const ON_SPOT: [Shortage; 2] = [Shortage::SpotMaxPriceTooLow, Shortage::MaxSpotInstanceCountExceeded];
        if !self.chance(self.mix.capacity) {
            return None;
        }
        let kinds = if spot && self.chance(0.5) { &ON_SPOT[..] } else { &ANYWHERE };
        let shortage = lock(&self.rng).choice(kinds).copied();
        if let Some(shortage) = shortage {
            self.count(FaultKind::Launch(shortage));
        }
        shortage
    }

    fn healed(&self) -> bool {
        self.healed.load(Ordering::Relaxed)
    }

    pub(crate) fn millis(&self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(lock(&self.rng).u64(range))
    }

    /// The fault of the next call of `action` by `function`.
    pub(super) fn draw(&self, function: &'static str, action: &'static str) -> Option<FaultKind> {
        const KINDS: [FaultKind; 7] = [
            FaultKind::ErrorBefore,
            FaultKind::LostAnswer,
            FaultKind::Throttled,
            FaultKind::Delay,
            FaultKind::LambdaDiesBefore,
            FaultKind::LambdaDiesAfter,
            FaultKind::LambdaHangs,
        ];
        if self.dark() {
            return Some(if self.mix.is_dark() { FaultKind::Blackout } else { FaultKind::Outage });
        }
        if let Some(error) = lock(&self.repetitions).remove(&(function, action)).filter(|_| !self.healed()) {
            return Some(FaultKind::Repetition(error));
        }
        if !self.chance(self.mix.call) {
            return None;
        }
        let kind = lock(&self.rng).choice(&KINDS).copied();
        // A person deletes the bucket between two tries of a launch, of which the first has launched the instance.
        if action == "RunInstances"
            && matches!(kind, Some(FaultKind::LostAnswer | FaultKind::LambdaDiesAfter))
            && self.chance(0.5)
        {
            lock(&self.repetitions).insert((function, "HeadBucket"), OtherError::BucketGone);
        } else if kind == Some(FaultKind::LostAnswer) && self.chance(0.5) {
            let error = lock(&self.rng).choice(OtherError::ALL);
            lock(&self.repetitions).extend(error.map(|error| ((function, action), error)));
        }
        kind
    }

    /// Whether every answer arrives without `part`.
    pub(super) fn loses(&self, part: Part<'_>) -> bool {
        let (kind, of) = match part {
            Part::CommandTimes(command) => (FaultKind::NoCommandTimes, command),
            Part::InstanceFacts(instance) => (FaultKind::NoInstanceFacts, instance),
        };
        let draw = || {
            let lost = self.chance(self.mix.answer);
            if lost {
                self.count(kind);
                self.note(|| format!("{kind:?}: {of}"));
            }
            lost
        };
        *lock(&self.lost_parts).entry(of.to_owned()).or_insert_with(draw)
    }

    /// The fault of the next start of a row's execution.
    pub(crate) fn start(&self) -> Option<StartFault> {
        let failure = |error: &str| Failure::new(error, "a fault of the simulation");
        if !self.dark() && !self.chance(self.mix.call) {
            return None;
        }
        let (kind, fault) = if self.dark() || self.chance(0.5) {
            (FaultKind::StartRefused, StartFault::Refused(failure("StepFunctions.ThrottlingException")))
        } else {
            (FaultKind::StartLost, StartFault::AnswerLost(failure("StepFunctions.SdkClientException")))
        };
        self.count(kind);
        self.note(|| format!("{kind:?}"));
        Some(fault)
    }

    /// When the copies of an event arrive.
    pub(crate) fn arrivals(&self, event: &Event) -> Vec<Duration> {
        let usual = self.millis(20..400);
        if self.dark() {
            return Vec::new();
        }
        let arrivals = if self.chance(self.mix.event) { self.misdeliver(event, usual) } else { vec![usual] };
        self.look_for_overtaking(event, &arrivals);
        arrivals
    }

    fn misdeliver(&self, event: &Event, usual: Duration) -> Vec<Duration> {
        let (kind, arrivals) = match lock(&self.rng).u8(0..3) {
            0 => (FaultKind::EventLost, Vec::new()),
            1 => (FaultKind::EventLate, vec![usual * 300]),
            _ => (FaultKind::EventDoubled, vec![usual, usual * 10]),
        };
        self.count(kind);
        self.note(|| format!("{kind:?}: {} {}", event.detail_type, event.detail));
        arrivals
    }

    fn look_for_overtaking(&self, event: &Event, arrivals: &[Duration]) {
        let (Some(first), Some(last)) = (arrivals.iter().min(), arrivals.iter().max()) else { return };
        let now = self.clock.now();
        let mut latest = lock(&self.last_arrival);
        if now + *first < *latest {
            self.count(FaultKind::EventOvertakes);
            self.note(|| format!("EventOvertakes: {} {}", event.detail_type, event.detail));
        }
        *latest = (*latest).max(now + *last);
    }
}
