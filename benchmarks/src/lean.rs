//! Size, start and memory of the Lambdas, compared with one that does nothing.

mod aws;
mod function;
mod memory;

use function::Run;

use crate::packages::{self, Package};
use crate::report::{Bounded, Chapter, against_bounds, machine, table};
use crate::statistics::Sample;

/// Size, start and memory of each Lambda.
pub(crate) const CHAPTER: Chapter = Chapter { name: "lean", title: "Lean Lambdas", measure };

/// The starts of each function. The functions take turns, so that other load on the machine affects all of them.
const REPETITIONS: usize = 100;

fn measure() -> Result<String, String> {
    let packages = packages::all()?;
    let machine = machine();
    let mut runs: Vec<_> = packages.iter().map(|_| Vec::new()).collect();
    for _ in 0..REPETITIONS {
        for (package, runs) in packages.iter().zip(&mut runs) {
            runs.push(function::run(package)?);
        }
    }
    let measured: Vec<_> =
        packages.iter().zip(&runs).map(|(package, runs)| Figures::of(package, runs)).collect();
    let (floor, ours) = measured.split_first().ok_or("nothing was measured")?;
    let rows = |columns: &[Column]| -> Vec<Vec<String>> {
        let row =
            |figures: &Figures| columns.iter().map(|column| column.cell(figures, floor)).collect::<Vec<_>>();
        measured.iter().map(|figures| [vec![figures.name.to_owned()], row(figures)].concat()).collect()
    };
    Ok([
        ABOUT,
        &format!("\n*Timed* on {machine}: medians of {REPETITIONS} starts of each.\n\n"),
        &table(&heads(&COLUMNS), &rows(&COLUMNS)),
        "\n### Compared with its bounds\n\n",
        &verdict(floor, ours),
        WHERE,
        &table(&heads(&RESIDENT), &rows(&RESIDENT)),
        BOUNDED_BY,
    ]
    .concat())
}

const ABOUT: &str = "\
The packages of `cargo xtask package`, for this machine's architecture. `EmptyFunction` is the floor: the Lambda runtime and
a handler that returns its input, built with the same profile. In parentheses: the ratio to the floor.

- *start to `/next`*: from the start of the process to its first request for work at the Runtime API; AWS's `Init Duration`.
- *to the first call*: from the invocation to the arrival of the function's first AWS call, signed, at an endpoint over plain
  HTTP, so without a TLS handshake. For the floor: to its response.
- *peak memory*: the largest resident set (`VmHWM`) after one invocation. The endpoint refuses all its calls, except
  EC2StarterFromAMI's HeadBucket.
";

const WHERE: &str = "\nResident memory at the end of the invocation, in MiB:\n\n";

const BOUNDED_BY: &str = "
The code of the SDK uses this memory, not data. The code that a function runs is spread over its executable, and for each
page that is touched the kernel maps 15 more, so less code is less memory. Of functions that are identical in several crates LLVM
keeps one, often in a crate that an execution does not need: of EC2Poller's 52 blocks of 16 pages, 15 are resident for less than
2% of their code. AWS bills the configured memory, 256 MB, not the memory
in use.

### What was tried

In November 2026, on EC2StarterFromAMI or EC2Poller. The figures are ratios to the same build without the change.

| change | zip | peak memory | kept |
| --- | --: | --: | --- |
| S3 without the SDK's client of it, the document's schema from a file | 0.87 | 0.91 | yes |
| functions in the order of a recorded run | 1 | 0.80 | no: to be recorded again for every version of the compiler and of the SDK |
| what executions of the examples use in a section of its own, by names without hashes | 0.98 | 0.96; 0.86 by a model of its pages, with the sections of cold functions too | no: a list of 4,000 names that ages, for little |
| the code of TLS, of the services' clients, of errors and of `Debug` at the end, by 60 patterns of names | 1 | 0.90 by the model | no: patterns that age, and not enough |
| the last `aws-sdk-ssm` without schemas, 1.128 | 0.95 | 0.93 | no: the other crates of the SDK get schemas, too |
| thin link-time optimization | 1.15 | 1.09 | no |
| an executable at a fixed address | 0.97 | 0.95 | no: addresses that cannot be guessed are a protection |
| relocations in DT_RELR | 0.99 | 0.95 | no: Lambda's Amazon Linux 2023 has glibc 2.34, which cannot load them |
| identical functions folded (`--icf=all` of lld) | 0.99 | 0.99 | no: another linker, for little |
| `panic = \"abort\"` | 0.99 | 0.99 | no: the runtime turns a panic into a diagnostic |
| LLVM's outliner | 1.06 | 0.97 | no |
| LLVM's hot-cold splitting | 1.00 | 1.02 | no |
| LLVM's `inline-threshold` at 5 | 1.00 | 1.01 | no |
| `MALLOC_ARENA_MAX=1` | 1 | 1.00 | no |
| futures in boxes, huge pages off | | | not tried: the stack has 0.15 MiB, and there is no huge page |
";

/// One function's figures.
struct Figures {
    name: &'static str,
    zipped_mb: f64,
    unzipped_mb: f64,
    to_next_ms: f64,
    to_call_ms: f64,
    peak_mib: f64,
    own_mib: f64,
    libraries_mib: f64,
    anonymous_mib: f64,
}

impl Figures {
    fn of(package: &Package, runs: &[Run]) -> Self {
        let median = |figure: fn(&Run) -> f64| Sample::new(runs.iter().map(figure).collect()).median();
        Self {
            name: package.function.name,
            zipped_mb: package.zipped / 1e6,
            unzipped_mb: package.unzipped / 1e6,
            to_next_ms: median(|run| run.to_next.as_secs_f64() * 1e3),
            to_call_ms: median(|run| run.to_first_call.as_secs_f64() * 1e3),
            peak_mib: median(|run| run.memory.peak / 1024.0),
            own_mib: median(|run| run.memory.own / 1024.0),
            libraries_mib: median(|run| run.memory.libraries / 1024.0),
            anonymous_mib: median(|run| run.memory.anonymous / 1024.0),
        }
    }
}

/// A column of a table.
struct Column {
    head: &'static str,
    figure: fn(&Figures) -> f64,
}

impl Column {
    /// The figure with its ratio to the floor's.
    fn cell(&self, figures: &Figures, floor: &Figures) -> String {
        let figure = (self.figure)(figures);
        format!("{figure:.2} ({:.2}×)", figure / (self.figure)(floor))
    }
}

fn heads(columns: &[Column]) -> Vec<&'static str> {
    std::iter::once("function").chain(columns.iter().map(|column| column.head)).collect()
}

const COLUMNS: [Column; 5] = [
    Column { head: "zip, MB", figure: |figures| figures.zipped_mb },
    Column { head: "binary, MB", figure: |figures| figures.unzipped_mb },
    Column { head: "start to `/next`, ms", figure: |figures| figures.to_next_ms },
    Column { head: "to the first call, ms", figure: |figures| figures.to_call_ms },
    Column { head: "peak memory, MiB", figure: |figures| figures.peak_mib },
];

const RESIDENT: [Column; 3] = [
    Column { head: "pages of its executable", figure: |figures| figures.own_mib },
    Column { head: "of libc, libm and the loader", figure: |figures| figures.libraries_mib },
    Column { head: "heap and stack", figure: |figures| figures.anonymous_mib },
];

/// The worst figure of the functions, compared with each bound.
fn verdict(floor: &Figures, ours: &[Figures]) -> String {
    let worst = |what, figure: &dyn Fn(&Figures) -> f64, bound| {
        let measured = ours.iter().map(figure).fold(0.0, f64::max);
        Bounded { what, measured, bound, digits: 2 }
    };
    against_bounds([
        worst("largest zip, MB", &|figures| figures.zipped_mb, 2.5),
        worst("slowest start to `/next`, × the floor", &|figures| figures.to_next_ms / floor.to_next_ms, 1.5),
        worst("largest peak memory, × the floor", &|figures| figures.peak_mib / floor.peak_mib, 2.0),
    ])
}
