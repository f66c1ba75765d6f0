//! The fleet of a schedule.

use std::time::Duration;

use fastrand::Rng;

use super::instance::seconds;

/// How the executions of a schedule are run as the rows of a fleet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FleetPlan {
    /// How many rows the fleet has. The schedule has a scenario for each, and then one for each in a second run.
    pub(crate) rows: u32,
    /// How many may run at once.
    pub(crate) at_once: u64,
    /// Whether the first row that fails stops all others.
    pub(crate) fail_fast: bool,
    /// When each of its runs is stopped from outside.
    pub(crate) stops: [Option<FleetStop>; 2],
}

/// When a run of a fleet is stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FleetStop {
    /// This long after its start.
    After(Duration),
    /// This long after the start of its nth row, counted from 1.
    AfterRow(usize, Duration),
}

impl FleetPlan {
    /// The plan of `seed`. It leaves everything else about the seed as it is.
    pub(crate) fn draw(seed: u64, rows: u32) -> Self {
        let mut rng = Rng::with_seed(!seed);
        Self {
            rows,
            at_once: rng.u64(1..=4),
            fail_fast: rng.f64() < 0.1,
            stops: [FleetStop::draw(&mut rng, rows, 0.4), FleetStop::draw(&mut rng, rows, 0.1)],
        }
    }
}

impl FleetStop {
    fn draw(rng: &mut Rng, rows: u32, probability: f64) -> Option<Self> {
        if rng.f64() >= probability {
            return None;
        }
        Some(match rng.u8(0..4) {
            0 => Self::After(seconds(rng, 0..10)),
            1 => Self::After(seconds(rng, 0..10_000)),
            _ => {
                let nth = usize::try_from(rng.u32(0..rows.max(1))).unwrap_or_default() + 1;
                Self::AfterRow(nth, seconds(rng, 0..90))
            }
        })
    }
}
