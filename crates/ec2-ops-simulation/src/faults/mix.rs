//! How likely faults are.

use std::time::Duration;

use fastrand::Rng;

/// How likely each sort of fault is in one schedule.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    /// Of calls.
    pub(super) call: f64,
    /// Of events.
    pub(super) event: f64,
    /// Of parts of answers.
    pub(super) answer: f64,
    /// Of launches for which EC2 has no capacity.
    pub(crate) capacity: f64,
    pub(crate) outage: Option<Outage>,
}

/// A time in which no call works and no event arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    /// From the start of the account.
    pub(crate) after: Duration,
    /// `None`: it never ends.
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

    /// How long after the start it is over. `None`: it never is.
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
            capacity: pick(rng, &[0.0, 0.0, 0.0, 0.5]),
            outage: Outage::draw(rng),
            answer: pick(rng, &[0.0, 0.0, 0.0, 0.3]),
        }
    }

    /// Nothing goes wrong by chance.
    pub(crate) fn calm() -> Self {
        Self { call: 0.0, event: 0.0, answer: 0.0, capacity: 0.0, outage: None }
    }

    /// Whether the control plane fails for good at some time.
    pub(crate) fn is_dark(&self) -> bool {
        self.outage.is_some_and(|outage| outage.lasts.is_none())
    }

    /// Whether calls fail by chance.
    pub(crate) fn has_faulty_calls(&self) -> bool {
        self.call > 0.0
    }

    /// Whether nothing goes wrong but launches, and what the scenarios plan for instances and executions.
    pub(crate) fn is_calm_but_for_launches(&self) -> bool {
        Self { capacity: 0.0, ..self.clone() }.is_calm()
    }

    /// Whether nothing goes wrong but what the scenarios plan for instances and executions.
    pub(crate) fn is_calm(&self) -> bool {
        self.outage.is_none() && [self.call, self.event, self.answer, self.capacity].iter().all(|p| *p == 0.0)
    }
}
