//! `simulate --scale`: thousands of executions at once under AWS's quotas, reported as tables.

use std::fmt::Write as _;
use std::time::Duration;

use ec2_ops_simulation::scale::{Options, Report, simulate};

use crate::exit::{Exit, Failure};
use crate::output;

/// The most history events that an execution may have.
const HISTORY_LIMIT: u64 = 25_000;

/// Simulates that many executions at once, and prints the report.
pub(crate) fn scale(executions: usize, fleet: bool, vcpus: Option<u32>) -> Result<Exit, Failure> {
    let report = simulate(Options { fleet, vcpus, ..Options::of(executions) }).map_err(Failure::Failed)?;
    let tables = [summary(&report), calls(&report), throttled(&report), retries(&report)];
    output::line(tables.join("\n"))?;
    let succeeded = report.outcomes.get("Succeeded") == Some(&executions);
    Ok(if succeeded { Exit::Success } else { Exit::Unsuccessful })
}

fn summary(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |what: &str, value: String| {
        let _ = writeln!(text, "{what:<28}{value}");
    };
    let outcomes = report.outcomes.iter().map(|(status, count)| format!("{count} {status}"));
    line("outcomes", outcomes.collect::<Vec<_>>().join(", "));
    line("from first start to last end", seconds(report.duration));
    let launches = &report.launches;
    let efficiency = 100.0 * launches.efficiency();
    line(
        "all launched after",
        format!(
            "{}, {efficiency:.1}% of the quota's rate ({})",
            seconds(launches.last),
            seconds(launches.bound)
        ),
    );
    let room = report.options.vcpus.map(|vcpus| vcpus / Options::VCPUS);
    let quota = room.map_or(String::new(), |room| {
        format!(
            ", {:.1} on average until the last launch; the quota allows {room}",
            launches.mean_instances()
        )
    });
    line("instances at once", format!("{} at most{quota}", launches.most_instances()));
    let (lambda, histories) = (&report.lambda, &report.histories);
    line("Lambdas at once", format!("{} at most, of 1000", lambda.peak));
    let invocations: u64 = lambda.invocations.values().sum();
    line(
        "Lambda",
        format!("{invocations} invocations, {} together, ${:.2}", seconds(lambda.busy), report.lambda_cost()),
    );
    let (transitions, events) = (histories.transitions, histories.events);
    line(
        "state transitions",
        format!(
            "{} median, {} at most, {} together: ${:.2}",
            transitions.median,
            transitions.max,
            transitions.total,
            report.transition_cost()
        ),
    );
    if let Some(fleet) = &report.fleet {
        line(
            "the fleet itself",
            format!(
                "{}, {} history events, {} state transitions: ${:.2}, {:.1}% of the ${:.2} for the executions and their instances",
                fleet.status,
                fleet.events,
                fleet.transitions,
                report.fleet_cost(),
                100.0 * report.fleet_cost() / report.cost(),
                report.cost()
            ),
        );
    }
    line("history events", format!("{} median, {} at most, of {HISTORY_LIMIT}", events.median, events.max));
    let memory = report.peak_memory.map_or("unknown".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
    line("the simulation itself", format!("{:.1} s, {memory}", report.wall.as_secs_f64()));
    text
}

fn calls(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<30}{:>9}{:>11}{:>9}{:>10}{:>10}{:>14}",
        "call", "times", "throttled", "refused", "peak/s", "mean/s", "quota"
    );
    for (action, api) in &report.calls {
        let throttled: u64 = api.throttled.values().sum();
        let quota = api.quota.map_or("-".to_owned(), |rate| format!("{}, {}/s", rate.burst, rate.per_second));
        let _ = writeln!(
            text,
            "{action:<30}{:>9}{throttled:>11}{:>9}{:>10}{:>10.1}{quota:>14}",
            api.calls,
            api.refused,
            api.peak(),
            api.mean()
        );
    }
    text
}

fn throttled(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{:<30}{:<22}{:>9}", "throttled call", "made by", "times");
    for (action, api) in &report.calls {
        for (by, count) in &api.throttled {
            let _ = writeln!(text, "{action:<30}{by:<22}{count:>9}");
        }
    }
    text
}

fn retries(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{:<20}{:>10}{:>10}{:>10}  errors", "retried by", "times", "most", "allowed");
    for absorbed in &report.histories.absorbed {
        let errors: Vec<_> = absorbed.errors.iter().map(String::as_str).collect();
        let _ = writeln!(
            text,
            "{:<20}{:>10}{:>10}{:>10}  {}",
            absorbed.state,
            absorbed.retries,
            absorbed.most,
            absorbed.max_attempts,
            errors.join(", ")
        );
    }
    text
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}
