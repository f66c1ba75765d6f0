//! What goes wrong between a caller and AWS, by chance and by seed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops::AwsError as CallError;
use fastrand::Rng;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::fault_kind::FaultKind;
use crate::ports::{Gate, refused};
use ec2_ops_sandbox::lock;
use ec2_ops_sandbox::{AwsError, Clock, Event};

/// How likely what is, in one schedule.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    call: f64,
    event: f64,
    pub(crate) capacity: f64,
    pub(crate) outage: Option<Outage>,
}

/// A time in which no call works and no event arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    /// So long after the start.
    pub(crate) after: Duration,
    /// `None`: for good.
    lasts: Option<Duration>,
}

impl Outage {
    fn draw(rng: &mut Rng) -> Option<Self> {
        let after = Duration::from_secs(rng.u64(10..4_000));
        let lasts = Duration::from_secs(rng.u64(300..5_400));
        match rng.f64() {
            ..0.03 => Some(Self { after, lasts: None }),
            0.03..0.08 => Some(Self { after, lasts: Some(lasts) }),
            _ => None,
        }
    }

    /// How long after the start it is over, if it ever is.
    pub(crate) fn over_after(self) -> Option<Duration> {
        self.lasts.map(|lasts| self.after + lasts)
    }
}

impl Mix {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let pick = |rng: &mut Rng, choices: &[f64]| rng.choice(choices).copied().unwrap_or_default();
        Self {
            call: pick(rng, &[0.0, 0.0, 0.02, 0.1, 0.3]),
            event: pick(rng, &[0.0, 0.0, 0.3, 1.0]),
            capacity: pick(rng, &[0.0, 0.0, 0.0, 0.3]),
            outage: Outage::draw(rng),
        }
    }

    /// Nothing goes wrong by chance.
    pub(crate) fn calm() -> Self {
        Self { call: 0.0, event: 0.0, capacity: 0.0, outage: None }
    }

    /// Whether the control plane dies for good at some time.
    pub(crate) fn is_dark(&self) -> bool {
        self.outage.is_some_and(|outage| outage.lasts.is_none())
    }

    /// Whether nothing goes wrong but what is planned for instances and executions.
    pub(crate) fn is_calm(&self) -> bool {
        self.call == 0.0 && self.event == 0.0 && self.capacity == 0.0 && self.outage.is_none()
    }
}

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
    /// Whether AWS is well again: that it is one day is what every promise assumes.
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

    /// Whether the control plane dies, now or later.
    pub(crate) fn dark_ahead(&self) -> bool {
        self.mix.is_dark()
    }

    pub(crate) fn calm(&self) -> bool {
        self.mix.is_calm()
    }

    /// Lets nothing go wrong any more.
    pub(crate) fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && !self.healed.load(Ordering::Relaxed) && lock(&self.rng).f64() < probability
    }

    pub(crate) fn millis(&self, range: std::ops::Range<u64>) -> Duration {
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
            return Some(if self.mix.is_dark() { FaultKind::Blackout } else { FaultKind::Outage });
        }
        if !self.chance(self.mix.call) {
            return None;
        }
        lock(&self.rng).choice(&KINDS).copied()
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

/// The gate of one Lambda invocation: a fault may be the end of it.
#[derive(Clone)]
pub(crate) struct FaultyGate {
    pub(crate) faults: Arc<Faults>,
    /// The function, and which of its invocations.
    pub(crate) caller: Caller,
    /// Tells the invocation that it is dead.
    pub(crate) dead: Arc<Notify>,
}

/// Who makes a call.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) function: &'static str,
    pub(crate) request_id: String,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell invocations apart that go on at once.
        write!(f, "{} {}", self.function, self.request_id.get(..4).unwrap_or_default())
    }
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
                faults.note(|| format!("{}  {action}: done, and LambdaDiesAfter", self.caller));
                self.dead.notify_one();
                return self.never().await;
            }
            Some(FaultKind::LambdaHangs) => return self.never().await,
            Some(_) => fail("InternalError", Some(500)),
        };
        faults.note(|| {
            let result = answer.as_ref().map_or_else(|error| error.code.clone(), |_| "ok".to_owned());
            let caller = &self.caller;
            format!(
                "{caller}  {action}: {result}{}",
                fault.map(|kind| format!(" ({kind:?})")).unwrap_or_default()
            )
        });
        tokio::time::sleep(faults.millis(2..40)).await;
        answer
    }
}
