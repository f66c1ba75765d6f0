//! Thousands of executions at once under AWS's own quotas: the real steps and the real state machine, in virtual time.
//!
//! Only quotas refuse calls here. The report says how the retries absorb that: how soon everything is launched, how many
//! Lambdas run at once, what each quota counts, what the retries cost.

mod fleet;
mod guests;
mod history;
mod invocation;
mod options;
mod report;
mod tally;
#[cfg(test)]
mod tests;
mod world;

use std::time::Instant;

pub use fleet::FleetReport;
pub use history::{Absorbed, Histories, Spread};
pub use options::Options;
pub use report::{ApiReport, LambdaReport, LaunchReport, Report};

use crate::harness::virtual_time;

/// Simulates until the last execution has ended, and reports what was measured.
///
/// # Errors
/// If the simulation could not be set up, or an execution does not end within two days.
pub fn simulate(options: Options) -> Result<Report, String> {
    let began = Instant::now();
    let mut report = virtual_time::run(world::simulate(options))?;
    report.wall = began.elapsed();
    report.peak_memory = peak_memory();
    Ok(report)
}

/// The most memory that this process has had resident, in bytes, if the system reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
