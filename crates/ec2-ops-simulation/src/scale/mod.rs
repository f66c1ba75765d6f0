//! Thousands of executions at once under AWS's own quotas: the real steps and the real state machine, in virtual time.
//!
//! Nothing fails here but what a quota refuses. What is measured is how that is absorbed: how soon everything is launched,
//! how many Lambdas run at once, what each quota sees, what the retries cost.

mod functions;
mod history;
mod machines;
mod report;
mod tally;
#[cfg(test)]
mod tests;
mod world;

use std::time::{Duration, Instant};

pub use history::{Absorbed, Histories, Spread};
pub use report::{ApiReport, LambdaReport, LaunchReport, Report};

use crate::virtual_time;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many executions.
    pub executions: usize,
    /// Over which time they are started, evenly.
    pub within: Duration,
    /// From running to an agent that is online: any time between the two. With hundreds of boots at once agents are known
    /// to take a quarter of an hour.
    pub agent: (Duration, Duration),
    /// How long the commands run: any time between the two.
    pub commands: (Duration, Duration),
    /// From which ids and chance follow.
    pub seed: u64,
}

impl Options {
    /// That many executions, started within a minute, whose commands take about ten minutes each.
    pub fn of(executions: usize) -> Self {
        Self {
            executions,
            within: Duration::from_mins(1),
            agent: (Duration::from_secs(20), Duration::from_mins(15)),
            commands: (Duration::from_mins(9), Duration::from_mins(11)),
            seed: 1,
        }
    }
}

/// Simulates until the last execution has ended, and tells what was seen.
///
/// # Errors
/// If the simulation could not be set up, or an execution does not end within two days.
pub fn simulate(options: Options) -> Result<Report, String> {
    let began = Instant::now();
    let mut report = virtual_time::live(world::live(options))?;
    report.wall = began.elapsed();
    report.peak_memory = peak_memory();
    Ok(report)
}

/// The most memory that this process has had resident, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
