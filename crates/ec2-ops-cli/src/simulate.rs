//! `simulate`: many seeds, on all cores.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::RangedU64ValueParser;
use ec2_ops_simulation::simulate::{
    Excuse, FaultKind, Invariant, Options, Report, Safeguard, simulate as simulate_seed,
};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::exit::{Exit, Failure};
use crate::style::Style;
use crate::{output, scale};

/// What to simulate.
#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// How many seeds
    #[arg(long, default_value_t = 1000, conflicts_with = "seed", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Replay one seed, with a trace of its events
    #[arg(long)]
    seed: Option<u64>,
    /// Executions at once in each account; with --fleets the rows of its fleet, 8 if not given
    #[arg(long, value_parser = number())]
    executions: Option<usize>,
    /// Each account has a fleet, and runs its failed rows again. With --scale, the executions are the rows of one
    #[arg(long)]
    fleets: bool,
    /// Start that many executions within a minute, under AWS's quotas, with no other faults
    #[arg(long, value_name = "EXECUTIONS", value_parser = number(), conflicts_with_all = ["seeds", "seed", "executions", "without"])]
    scale: Option<usize>,
    /// With --scale: the account's quota of vCPUs. Each instance has two
    #[arg(long, requires = "scale", value_parser = clap::value_parser!(u32).range(2..))]
    vcpus: Option<u32>,
    /// Remove a safeguard
    #[arg(long, value_name = "SAFEGUARD", value_parser = safeguard)]
    without: Option<Safeguard>,
}

/// None at all would be no test, and a success.
fn number() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

fn safeguard(name: &str) -> Result<Safeguard, String> {
    Safeguard::parse(name).ok_or_else(|| {
        let names: Vec<_> = Safeguard::ALL.iter().map(|(_, name)| *name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Simulates, and prints the report.
pub(crate) fn simulate(args: &SimulateArgs) -> Result<Exit, Failure> {
    if let Some(executions) = args.scale {
        return scale::scale(executions, args.fleets, args.vcpus);
    }
    let fleet = args.fleets || args.without.is_some_and(Safeguard::is_of_fleets);
    let executions = args.executions.unwrap_or(if fleet { 8 } else { 1 });
    let options = Options { executions, fleet, without: args.without };
    match args.seed {
        Some(seed) => replay(seed, options),
        None => many(args.seeds, options),
    }
}

fn replay(seed: u64, options: Options) -> Result<Exit, Failure> {
    let report = simulate_seed(seed, options, true).map_err(Failure::Failed)?;
    for line in &report.trace {
        output::line(line)?;
    }
    for violation in &report.violations {
        output::line(format!("VIOLATION {violation}"))?;
    }
    for excuse in &report.excused {
        output::line(format!("not promised: {}", excuse.words()))?;
    }
    if report.violations.is_empty() {
        output::line("every promise was kept")?;
    }
    Ok(exit(report.violations.is_empty()))
}

/// The sums over all seeds.
#[derive(Default)]
struct Totals {
    seeds: u64,
    executions: usize,
    faults: BTreeMap<FaultKind, u64>,
    violations: BTreeMap<Invariant, u64>,
    /// For each event that is not promised against: the number of seeds with it, and the smallest such seed.
    excused: BTreeMap<Excuse, (u64, u64)>,
    /// The smallest seed that broke a promise, and the violation.
    first: Option<(u64, String)>,
    error: Option<String>,
}

/// How often the progress is shown.
const PROGRESS: Duration = Duration::from_millis(200);

/// Simulates all seeds. After Ctrl-C it reports on those that were simulated.
fn many(seeds: u64, options: Options) -> Result<Exit, Failure> {
    let (next, totals, began) = (AtomicU64::new(0), Mutex::new(Totals::default()), Instant::now());
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted)).map_err(Failure::failed)?;
    }
    let style = Style::of_stderr();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = || {
            while !interrupted.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds {
                    return;
                }
                let report = simulate_seed(seed, options, false);
                if let Ok(mut totals) = totals.lock() {
                    totals.add(report);
                }
            }
        };
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        while style.rewrites() && !workers.iter().all(ScopedJoinHandle::is_finished) {
            let done = totals.lock().map_or(0, |totals| totals.seeds);
            output::say_part(format!("\r\x1b[K{done} of {seeds} seeds"));
            std::thread::sleep(PROGRESS);
        }
    });
    if style.rewrites() {
        output::say_part("\r\x1b[K");
    }
    let totals = totals.into_inner().unwrap_or_default();
    if let Some(error) = totals.error {
        return Err(Failure::Failed(error));
    }
    output::line(totals.text(options, began.elapsed().as_secs_f64()).trim_end())?;
    if interrupted.load(Ordering::Relaxed) {
        output::say(format!("interrupted after {} of {seeds} seeds", totals.seeds));
        return Ok(Exit::Interrupted);
    }
    Ok(exit(totals.first.is_none()))
}

fn exit(kept: bool) -> Exit {
    if kept { Exit::Success } else { Exit::Unsuccessful }
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
        self.seeds += 1;
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

    fn text(&self, options: Options, seconds: f64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = self.seeds as f64 / seconds;
        let (seeds, executions) = (self.seeds, self.executions);
        let mut text =
            format!("{seeds} seeds, {executions} executions in {seconds:.1} s: {rate:.0} seeds a second\n");
        let mut table = |heading: &str, count: &str, lines: &mut dyn Iterator<Item = (&str, u64)>| {
            let _ = writeln!(text, "\n{heading:<34}{count:>12}");
            for (words, count) in lines {
                let _ = writeln!(text, "{words:<34}{count:>12}");
            }
        };
        let faults = |(kind, words)| (words, self.faults.get(&kind).copied().unwrap_or_default());
        table("fault", "times", &mut FaultKind::ALL.into_iter().map(faults));
        let violations = |(kind, words)| (words, self.violations.get(&kind).copied().unwrap_or_default());
        table("promise", "violations", &mut Invariant::ALL.into_iter().map(violations));
        if !self.excused.is_empty() {
            let _ = writeln!(text, "\n{:<34}{:>12}{:>12}", "not promised, and seen", "seeds", "first");
        }
        for (excuse, (seeds, first)) in &self.excused {
            let _ = writeln!(text, "{:<34}{seeds:>12}{first:>12}", excuse.words());
        }
        if let Some((seed, what)) = &self.first {
            let without =
                options.without.and_then(|gone| Safeguard::ALL.iter().find(|(known, _)| *known == gone));
            let without = without.map(|(_, name)| format!(" --without {name}")).unwrap_or_default();
            let executions = options.executions;
            let fleets = if options.fleet { " --fleets" } else { "" };
            let _ = writeln!(
                text,
                "\nfirst violation: {what}\nreplay: cargo ops simulate --seed {seed} --executions {executions}{fleets}{without}"
            );
        }
        text
    }
}
