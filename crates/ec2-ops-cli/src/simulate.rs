//! `simulate`: many seeds, on all cores.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Args;
use ec2_ops_simulation::simulate::{
    Excuse, FaultKind, Invariant, Options, Report, Safeguard, simulate as simulate_seed,
};

use crate::{fail, scale};

/// What to simulate.
#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// How many seeds
    #[arg(long, default_value_t = 1000, conflicts_with = "seed")]
    seeds: u64,
    /// Replay one seed, with a trace of its events
    #[arg(long)]
    seed: Option<u64>,
    /// Executions at once in each account
    #[arg(long, default_value_t = 1)]
    executions: usize,
    /// Start that many executions within a minute, under AWS's quotas, with no other faults
    #[arg(long, value_name = "EXECUTIONS", conflicts_with_all = ["seeds", "seed", "executions", "without"])]
    scale: Option<usize>,
    /// Remove a safeguard
    #[arg(long, value_name = "SAFEGUARD", value_parser = safeguard)]
    without: Option<Safeguard>,
}

fn safeguard(name: &str) -> Result<Safeguard, String> {
    Safeguard::parse(name).ok_or_else(|| {
        let names: Vec<_> = Safeguard::ALL.iter().map(|(_, name)| *name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Simulates, and prints the report.
pub(crate) fn simulate(args: &SimulateArgs) -> ExitCode {
    if let Some(executions) = args.scale {
        return scale::scale(executions);
    }
    let options = Options { executions: args.executions, without: args.without };
    match args.seed {
        Some(seed) => replay(seed, options),
        None => many(args.seeds, options),
    }
}

fn replay(seed: u64, options: Options) -> ExitCode {
    match simulate_seed(seed, options, true) {
        Err(error) => fail(&error),
        Ok(report) => {
            report.trace.iter().for_each(|line| println!("{line}"));
            report.violations.iter().for_each(|violation| println!("VIOLATION {violation}"));
            report.excused.iter().for_each(|excuse| println!("not promised: {}", excuse.words()));
            if report.violations.is_empty() {
                println!("every promise was kept");
            }
            exit(report.violations.is_empty())
        }
    }
}

/// The sums over all seeds.
#[derive(Default)]
struct Totals {
    executions: usize,
    faults: BTreeMap<FaultKind, u64>,
    violations: BTreeMap<Invariant, u64>,
    /// For each event that is not promised against: the number of seeds with it, and the smallest such seed.
    excused: BTreeMap<Excuse, (u64, u64)>,
    /// The smallest seed that broke a promise, and the violation.
    first: Option<(u64, String)>,
    error: Option<String>,
}

fn many(seeds: u64, options: Options) -> ExitCode {
    let (next, totals, began) = (AtomicU64::new(0), Mutex::new(Totals::default()), Instant::now());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let report = simulate_seed(seed, options, false);
                    if let Ok(mut totals) = totals.lock() {
                        totals.add(report);
                    }
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap_or_default();
    if let Some(error) = totals.error {
        return fail(&error);
    }
    totals.print(seeds, options, began.elapsed().as_secs_f64());
    exit(totals.first.is_none())
}

fn exit(kept: bool) -> ExitCode {
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Totals {
    fn add(&mut self, report: Result<Report, String>) {
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        self.executions += report.executions;
        for (kind, count) in report.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        for violation in &report.violations {
            *self.violations.entry(violation.invariant).or_default() += 1;
        }
        for excuse in &report.excused {
            let (seeds, first) = self.excused.entry(*excuse).or_insert((0, report.seed));
            (*seeds, *first) = (*seeds + 1, report.seed.min(*first));
        }
        let smaller = self.first.as_ref().is_none_or(|(seed, _)| report.seed < *seed);
        if let Some(violation) = report.violations.first().filter(|_| smaller) {
            self.first = Some((report.seed, violation.to_string()));
        }
    }

    fn print(&self, seeds: u64, options: Options, seconds: f64) {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = seeds as f64 / seconds;
        println!("{seeds} seeds, {} executions in {seconds:.1} s: {rate:.0} seeds a second", self.executions);
        let line = |name: &str, count: u64| println!("{name:<34}{count:>12}");
        println!("\n{:<34}{:>12}", "fault", "times");
        for (kind, words) in FaultKind::ALL {
            line(words, self.faults.get(&kind).copied().unwrap_or_default());
        }
        println!("\n{:<34}{:>12}", "promise", "violations");
        for (invariant, words) in Invariant::ALL {
            line(words, self.violations.get(&invariant).copied().unwrap_or_default());
        }
        if !self.excused.is_empty() {
            println!("\n{:<34}{:>12}{:>12}", "not promised, and seen", "seeds", "first");
        }
        for (excuse, (seeds, first)) in &self.excused {
            println!("{:<34}{seeds:>12}{first:>12}", excuse.words());
        }
        if let Some((seed, what)) = &self.first {
            let without =
                options.without.and_then(|gone| Safeguard::ALL.iter().find(|(known, _)| *known == gone));
            let without = without.map(|(_, name)| format!(" --without {name}")).unwrap_or_default();
            println!("\nfirst violation: {what}");
            println!("replay: cargo ops simulate --seed {seed} --executions {}{without}", options.executions);
        }
    }
}
