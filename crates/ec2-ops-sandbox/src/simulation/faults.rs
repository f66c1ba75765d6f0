//! What goes wrong between a caller and AWS, by chance and by seed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops::AwsError as CallError;
use fastrand::Rng;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::platform::lock;
use crate::ports::{Gate, refused};
use crate::{AwsError, Clock, Event};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// An error before the call had its effect.
    ErrorBefore,
    /// The call had its effect, and its answer was lost.
    LostAnswer,
    /// Throttled before the effect.
    Throttled,
    /// Seconds late.
    Delay,
    /// The Lambda died before the call.
    LambdaDiesBefore,
    /// The Lambda died right after the call.
    LambdaDiesAfter,
    /// The Lambda ran past its timeout.
    LambdaHangs,
    /// An event was lost.
    EventLost,
    /// An event came late.
    EventLate,
    /// An event came twice.
    EventDoubled,
    /// EC2 had no capacity.
    NoCapacity,
    /// The execution was aborted.
    Abort,
    /// Something befell an instance.
    InstanceFate,
    /// From some moment on, no call of ours worked any more.
    Blackout,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::ErrorBefore,
        Self::LostAnswer,
        Self::Throttled,
        Self::Delay,
        Self::LambdaDiesBefore,
        Self::LambdaDiesAfter,
        Self::LambdaHangs,
        Self::EventLost,
        Self::EventLate,
        Self::EventDoubled,
        Self::NoCapacity,
        Self::Abort,
        Self::InstanceFate,
        Self::Blackout,
    ];
}

/// How likely what is, in one schedule.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    call: f64,
    event: f64,
    pub(super) capacity: f64,
    /// When the control plane dies for good, after the start.
    pub(super) blackout_after: Option<Duration>,
}

impl Mix {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let pick = |rng: &mut Rng, choices: &[f64]| rng.choice(choices).copied().unwrap_or_default();
        Self {
            call: pick(rng, &[0.0, 0.0, 0.02, 0.1, 0.3]),
            event: pick(rng, &[0.0, 0.0, 0.3, 1.0]),
            capacity: pick(rng, &[0.0, 0.0, 0.0, 0.3]),
            blackout_after: (rng.f64() < 0.03).then(|| Duration::from_secs(rng.u64(10..4_000))),
        }
    }

    /// Nothing goes wrong by chance.
    pub(super) fn calm() -> Self {
        Self { call: 0.0, event: 0.0, capacity: 0.0, blackout_after: None }
    }

    /// Whether the control plane dies at some time.
    pub(super) fn is_dark(&self) -> bool {
        self.blackout_after.is_some()
    }

    /// Whether nothing goes wrong but what is planned for instances and executions.
    pub(super) fn is_calm(&self) -> bool {
        self.call == 0.0 && self.event == 0.0 && self.capacity == 0.0 && self.blackout_after.is_none()
    }
}

/// The faults of one schedule, drawn as they are met.
pub(super) struct Faults {
    mix: Mix,
    clock: Clock,
    started: Timestamp,
    rng: Mutex<Rng>,
    counts: Mutex<BTreeMap<FaultKind, u64>>,
    trace: Option<Mutex<Vec<String>>>,
    /// Whether AWS is well again: that it is one day is what every promise assumes.
    healed: AtomicBool,
}

impl Faults {
    pub(super) fn new(mix: Mix, clock: Clock, rng: Rng, traced: bool) -> Self {
        let started = clock.now();
        let trace = traced.then(Mutex::default);
        Self {
            mix,
            clock,
            started,
            rng: Mutex::new(rng),
            counts: Mutex::default(),
            trace,
            healed: AtomicBool::new(false),
        }
    }

    pub(super) fn count(&self, kind: FaultKind) {
        *lock(&self.counts).entry(kind).or_default() += 1;
    }

    pub(super) fn counts(&self) -> BTreeMap<FaultKind, u64> {
        lock(&self.counts).clone()
    }

    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let at = self.clock.now().duration_since(self.started).as_secs_f64();
            lock(trace).push(format!("{at:>10.3} s  {}", what()));
        }
    }

    pub(super) fn take_trace(&self) -> Vec<String> {
        self.trace.as_ref().map(|trace| std::mem::take(&mut *lock(trace))).unwrap_or_default()
    }

    pub(super) fn dark(&self) -> bool {
        let now = self.clock.now();
        self.mix.blackout_after.is_some_and(|after| now > self.started + after)
    }

    /// Whether the control plane dies, now or later.
    pub(super) fn dark_ahead(&self) -> bool {
        self.mix.is_dark()
    }

    pub(super) fn calm(&self) -> bool {
        self.mix.is_calm()
    }

    /// Lets nothing go wrong any more.
    pub(super) fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
    }

    pub(super) fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && !self.healed.load(Ordering::Relaxed) && lock(&self.rng).f64() < probability
    }

    fn millis(&self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(lock(&self.rng).u64(range))
    }

    /// What befalls the next call.
    fn draw(&self) -> Option<FaultKind> {
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
            return Some(FaultKind::Blackout);
        }
        if !self.chance(self.mix.call) {
            return None;
        }
        lock(&self.rng).choice(&KINDS).copied()
    }

    /// When the copies of an event arrive.
    pub(super) fn arrivals(&self, event: &Event) -> Vec<Duration> {
        let usual = self.millis(20..400);
        if self.dark() {
            return Vec::new();
        }
        if !self.chance(self.mix.event) {
            return vec![usual];
        }
        let (kind, arrivals) = match lock(&self.rng).u8(0..3) {
            0 => (FaultKind::EventLost, Vec::new()),
            1 => (FaultKind::EventLate, vec![usual * 300]),
            _ => (FaultKind::EventDoubled, vec![usual, usual * 10]),
        };
        self.count(kind);
        self.note(|| format!("{kind:?}: {} {}", event.detail_type, event.detail));
        arrivals
    }
}

/// The gate of one Lambda invocation: a fault may be the end of it.
#[derive(Clone)]
pub(super) struct FaultyGate {
    pub(super) faults: Arc<Faults>,
    /// Tells the invocation that it is dead.
    pub(super) dead: Arc<Notify>,
}

impl FaultyGate {
    async fn never<T>(&self) -> T {
        std::future::pending().await
    }
}

impl Gate for FaultyGate {
    async fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Result<T, CallError> {
        let faults = &self.faults;
        let fault = faults.draw();
        if let Some(kind) = fault {
            faults.count(kind);
        }
        tokio::time::sleep(faults.millis(2..40)).await;
        let fail = |code: &str, status| Err(CallError::new(action, code, "injected", status));
        let answer = match fault {
            None => effect().map_err(|error| refused(action, error)),
            Some(FaultKind::Throttled) => fail("ThrottlingException", Some(400)),
            Some(FaultKind::LostAnswer) => {
                let _ = effect();
                tokio::time::sleep(faults.millis(1_000..10_000)).await;
                fail("Timeout", None)
            }
            Some(FaultKind::Delay) => {
                tokio::time::sleep(faults.millis(1_000..10_000)).await;
                effect().map_err(|error| refused(action, error))
            }
            Some(FaultKind::LambdaDiesBefore) => {
                self.dead.notify_one();
                return self.never().await;
            }
            Some(FaultKind::LambdaDiesAfter) => {
                let _ = effect();
                faults.note(|| format!("{action}: done, and LambdaDiesAfter"));
                self.dead.notify_one();
                return self.never().await;
            }
            Some(FaultKind::LambdaHangs) => return self.never().await,
            Some(_) => fail("InternalError", Some(500)),
        };
        faults.note(|| {
            let result = answer.as_ref().map_or_else(|error| error.code.clone(), |_| "ok".to_owned());
            format!("{action}: {result}{}", fault.map(|kind| format!(" ({kind:?})")).unwrap_or_default())
        });
        tokio::time::sleep(faults.millis(2..40)).await;
        answer
    }
}
