//! Times of single parts in process, measured by Criterion: `benches/in_process.rs`.

use std::path::Path;

use serde_json::Value;

use crate::cargo;
use crate::report::{Chapter, machine, table};

pub(crate) const CHAPTER: Chapter = Chapter { name: "in-process", title: "In process", measure };

/// The benchmarks, and their rows in the table.
const BENCHMARKS: [(&str, &str); 5] = [
    ("validate", "one real document of the corpus, validated and resolved"),
    ("commander", "Commander's step: builds the script, and sends the command to a port that does nothing"),
    ("interpreter", "one execution of the definition, with functions that return at once"),
    ("rehearsal", "a 24-hour command in virtual time, with the account and the steps"),
    ("simulation/seeds", "a hundred simulated seeds, with their faults"),
];

fn measure() -> Result<String, String> {
    let results = tempfile::tempdir().map_err(|error| format!("cannot make a directory: {error}"))?;
    let machine = machine();
    let arguments = ["bench", "--package", "ec2-ops-benchmarks", "--bench", "in_process"];
    cargo(|cargo| cargo.args(arguments).env("CRITERION_HOME", results.path()))?;
    let row = |(name, what): &(&str, &str)| {
        let [low, median, high] = estimate(results.path(), name)?.map(time);
        Ok(vec![(*what).to_owned(), median, format!("{low} to {high}")])
    };
    let rows = BENCHMARKS.iter().map(row).collect::<Result<Vec<_>, String>>()?;
    Ok(format!(
        "*Timed* on {machine}, by Criterion (`cargo bench --package ec2-ops-benchmarks --bench in_process`).\n\n{}",
        table(&["", "median", "95% confidence"], &rows)
    ))
}

/// The median with its confidence interval, in nanoseconds: lower bound, estimate, upper bound.
fn estimate(results: &Path, name: &str) -> Result<[f64; 3], String> {
    let path = results.join(name).join("new/estimates.json");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let estimates: Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let median = &estimates["median"];
    let interval = &median["confidence_interval"];
    let figures =
        [&interval["lower_bound"], &median["point_estimate"], &interval["upper_bound"]].map(Value::as_f64);
    match figures {
        [Some(low), Some(median), Some(high)] => Ok([low, median, high]),
        _ => Err(format!("{} has no median", path.display())),
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}
