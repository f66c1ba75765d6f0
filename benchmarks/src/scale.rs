//! Ten thousand executions at once under AWS's quotas.

use ec2_ops_simulation::scale::{Options, Report, simulate};

use crate::plot::{Axes, Curve, linear};
use crate::report::{Bounded, Chapter, against_bounds, figure, machine, shown, table};

/// The simulation of `cargo ops simulate --scale 10000`, with its curves.
pub(crate) const CHAPTER: Chapter = Chapter { name: "scale", title: "Ten thousand at once", measure };

const EXECUTIONS: usize = 10_000;
/// The most history events that an execution may have. See
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const HISTORY_LIMIT: f64 = 25_000.0;
/// The plot shows means over this many seconds.
const AVERAGED_OVER: usize = 60;
/// The calls that reach their quotas in such a start.
const BUSIEST: [&str; 3] = ["RunInstances", "DescribeInstanceInformation", "DescribeInstances"];

fn measure() -> Result<String, String> {
    let machine = machine();
    let report = simulate(Options::of(EXECUTIONS))?;
    let x = "minutes since the first start";
    let launched = Axes { title: "Instances launched", x, y: "instances" };
    figure("launched", &linear(&launched, &launches(&report))?)?;
    let calls = Axes { title: "Calls, refused ones included", x, y: "calls a second" };
    figure("calls-at-scale", &linear(&calls, &busiest(&report))?)?;
    let lambdas = Axes { title: "Lambdas that run at once", x, y: "Lambdas, at most in each second" };
    let concurrent = over_time("of 1,000", report.lambda.concurrent.iter().map(|&count| f64::from(count)), 1);
    figure("lambdas", &linear(&lambdas, &[concurrent])?)?;
    Ok(format!(
        "{ABOUT}\n{}\n{}\n{}\n{}\n{}\nThe reasons for the numbers of the retries: [scale.md](scale.md). Timed on {machine}: the simulation \
         took {:.0} s and {} MiB.\n",
        held(&report),
        calls_table(&report),
        shown("launched", "instances launched over time, beside the quota's bound"),
        shown("calls-at-scale", "calls a second over time"),
        shown("lambdas", "Lambdas that run at once over time"),
        report.wall.as_secs_f64(),
        report.peak_memory.map_or("unknown".to_owned(), |bytes| (bytes >> 20).to_string()),
    ))
}

const ABOUT: &str = "\
*Virtual time.* 10,000 executions started within a minute in one account, under AWS's own quotas, with commands of 9 to 11
minutes and agents that come online after 20 s to 15 minutes: `cargo ops simulate --scale 10000`.
";

#[expect(clippy::cast_precision_loss, reason = "counts and bytes for people")]
fn held(report: &Report) -> String {
    let row = |what, measured, bound, digits| Bounded { what, measured, bound, digits };
    let succeeded = report.outcomes.get("Succeeded").copied().unwrap_or_default();
    let (launched, quota) = (report.launches.last.as_secs_f64(), report.launches.bound.as_secs_f64());
    let events = report.histories.events.max;
    let each = report.transition_cost() / EXECUTIONS as f64;
    against_bounds([
        row("executions that succeeded", succeeded as f64, EXECUTIONS as f64, 0),
        row("all launched after, in seconds; bound by the quota", launched, quota.round(), 0),
        row("most Lambdas at once", f64::from(report.lambda.peak), 300.0, 0),
        row("most history events of an execution", events as f64, HISTORY_LIMIT, 0),
        row("dollars of transitions for each execution; bound: a 10 s command alone", each, 0.00045, 5),
    ])
}

fn calls_table(report: &Report) -> String {
    let row = |(action, api): (&&str, &ec2_ops_simulation::scale::ApiReport)| {
        let throttled: u64 = api.throttled.values().sum();
        let quota = api
            .quota
            .map_or("none".to_owned(), |rate| format!("{}, {} a second", rate.burst, rate.per_second));
        let figures = [
            api.calls.to_string(),
            throttled.to_string(),
            api.peak().to_string(),
            format!("{:.1}", api.mean()),
            quota,
        ];
        [vec![(*action).to_owned()], figures.into()].concat()
    };
    let rows: Vec<_> = report.calls.iter().map(row).collect();
    table(&["", "calls", "throttled", "most in a second", "mean a second", "quota"], &rows)
}

fn launches(report: &Report) -> [Curve; 2] {
    let mut total = 0.0;
    let running_total = report.launches.per_second.iter().map(|&launched| {
        total += f64::from(launched);
        total
    });
    let minutes = report.launches.bound.as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss, reason = "ten thousand")]
    let bound = vec![(0.0, 0.0), (minutes, EXECUTIONS as f64)];
    [
        over_time("launched", running_total, AVERAGED_OVER),
        Curve { name: "the quota of RunInstances".to_owned(), points: bound },
    ]
}

#[expect(clippy::cast_precision_loss, reason = "sums of a minute")]
fn busiest(report: &Report) -> Vec<Curve> {
    let curve = |action: &&str| {
        let per_second = &report.calls.get(action)?.per_second;
        let means = per_second
            .chunks(AVERAGED_OVER)
            .map(|calls| f64::from(calls.iter().sum::<u32>()) / calls.len() as f64);
        let points = (0_u32..).map(f64::from).zip(means).collect();
        Some(Curve { name: (*action).to_owned(), points })
    };
    BUSIEST.iter().filter_map(curve).collect()
}

/// The values of each second as a curve over minutes, reduced to each `every`th.
fn over_time(name: &str, values: impl Iterator<Item = f64>, every: usize) -> Curve {
    let minutes = (0_u32..).map(|second| f64::from(second) / 60.0);
    Curve { name: name.to_owned(), points: minutes.zip(values).step_by(every).collect() }
}
