//! How lean the Lambdas are, side by side with one that does nothing.

mod aws;
mod function;

use function::Run;

use crate::packages::{self, Package};
use crate::report::{Chapter, machine, table};
use crate::statistics::Sample;

/// Size, start and memory of each Lambda.
pub(crate) const CHAPTER: Chapter = Chapter { name: "lean", title: "Lean Lambdas", measure };

/// How often each function is started. They take turns, so that what else the machine does hits all alike.
const REPETITIONS: usize = 100;

fn measure() -> Result<String, String> {
    let packages = packages::all()?;
    let mut runs: Vec<_> = packages.iter().map(|_| Vec::new()).collect();
    for _ in 0..REPETITIONS {
        for (package, runs) in packages.iter().zip(&mut runs) {
            runs.push(function::run(package)?);
        }
    }
    let measured: Vec<_> =
        packages.iter().zip(&runs).map(|(package, runs)| Figures::of(package, runs)).collect();
    let floor = &measured[0];
    let rows: Vec<_> = packages
        .iter()
        .zip(&measured)
        .map(|(package, figures)| [vec![package.function.name.to_owned()], figures.beside(floor)].concat())
        .collect();
    Ok(format!(
        "{}\nTimed on {}: medians of {REPETITIONS} starts of each.\n\n{}",
        ABOUT,
        machine(),
        table(&HEAD, &rows)
    ))
}

const ABOUT: &str = "\
The packages of `cargo xtask package`, for this machine's architecture. `EmptyFunction` is the floor: the Lambda runtime, a
handler that answers with what it is given, the same profile. In parentheses how many times the floor's figure it is.

- *start to `/next`*: from the start of the process until it asks the Runtime API for work; AWS's `Init Duration`.
- *to the first call*: from the invocation until the function's first AWS call has arrived, signed, at an endpoint over plain
  HTTP, so without a TLS handshake. For the floor, until its answer.
- *peak memory*: the largest resident set (`VmHWM`) after one invocation, whose calls are all refused.
";

const HEAD: [&str; 6] = [
    "function",
    "zip, MB",
    "binary, MB",
    "start to `/next`, ms",
    "to the first call, ms",
    "peak memory, MiB",
];

/// One row of the table.
struct Figures([f64; 5]);

impl Figures {
    fn of(package: &Package, runs: &[Run]) -> Self {
        let median = |figure: fn(&Run) -> f64| Sample::new(runs.iter().map(figure).collect()).median();
        Self([
            package.zipped / 1e6,
            package.unzipped / 1e6,
            median(|run| run.to_next.as_secs_f64() * 1e3),
            median(|run| run.to_first_call.as_secs_f64() * 1e3),
            median(|run| run.peak_kib / 1024.0),
        ])
    }

    /// Each figure with its ratio to the floor's.
    fn beside(&self, floor: &Self) -> Vec<String> {
        let figures = self.0.iter().zip(floor.0);
        figures.map(|(figure, floor)| format!("{figure:.2} ({:.2}×)", figure / floor)).collect()
    }
}
