//! What to simulate.

use std::time::Duration;

/// How many executions, and how their instances behave.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many executions.
    pub executions: usize,
    /// The time over which they are started, evenly.
    pub within: Duration,
    /// From `running` to an agent that is online: any time between the two. With hundreds of boots at once, agents have
    /// taken a quarter of an hour.
    pub agent: (Duration, Duration),
    /// How long the commands run: any time between the two.
    pub commands: (Duration, Duration),
    /// Whether they are the rows of one fleet, which starts them as fast as it can.
    pub fleet: bool,
    /// The account's quota of vCPUs; each instance has [`Options::VCPUS`]. `None`: there is room for all.
    pub vcpus: Option<u32>,
    /// Decides ids and random times.
    pub seed: u64,
}

impl Options {
    /// The vCPUs of each instance, a `t4g.nano`.
    pub const VCPUS: u32 = 2;

    /// That many executions, started within a minute, whose commands take about ten minutes each.
    pub fn of(executions: usize) -> Self {
        Self {
            executions,
            within: Duration::from_mins(1),
            agent: (Duration::from_secs(20), Duration::from_mins(15)),
            commands: (Duration::from_mins(9), Duration::from_mins(11)),
            fleet: false,
            vcpus: None,
            seed: 1,
        }
    }
}
