//! The cost of an execution, for commands of any length. Virtual time.

use std::collections::BTreeSet;
use std::time::Duration;

use ec2_ops_sandbox::deployment::SWEEP_EVERY;
use ec2_ops_sandbox::prices::{self, FUNCTION_MEMORY_MB, GB_SECOND, Price, REQUEST, STATE_TRANSITION};
use ec2_ops_simulation::rehearsal::Invoker;

use crate::designs::{CALL, Design, Unusable, Usage};
use crate::plot::{self, Axes, Curve};
use crate::report::{Bounded, Chapter, against_bounds, figure, shown, table};

pub(crate) const CHAPTER: Chapter = Chapter { name: "cost", title: "Flat cost", measure };

/// The billed time of one invocation before its handler runs. Every invocation is assumed to be a cold start. Measured for a
/// Rust Lambda with an SDK client: 18 to 30 ms.
const COLD_START: Duration = Duration::from_millis(30);

/// The lengths of the commands in the tables. SSM ends a command after 48 hours, so the longest ends a minute before that.
const LENGTHS: [(&str, Duration); 5] = [
    ("10 s", Duration::from_secs(10)),
    ("10 min", Duration::from_mins(10)),
    ("1 h", Duration::from_hours(1)),
    ("24 h", Duration::from_hours(24)),
    ("48 h", Duration::from_mins(48 * 60 - 1)),
];
const SHORTEST: usize = 0;
const A_DAY: usize = 3;
const TWO_DAYS: usize = 4;

/// A bound on a figure.
struct Bound {
    what: &'static str,
    limit: f64,
    figure: fn(&[Usage]) -> f64,
    digits: usize,
}

#[expect(clippy::cast_precision_loss, reason = "counts of some hundreds")]
const BOUNDS: [Bound; 5] = [
    Bound {
        what: "AWS calls of 24 h beyond those of 10 s",
        limit: 160.0,
        figure: |ours| ours[A_DAY].calls() as f64 - ours[SHORTEST].calls() as f64,
        digits: 0,
    },
    Bound {
        what: "transitions and Lambda time of 24 h, in dollars",
        limit: 0.005,
        figure: |ours| transition_dollars(&ours[A_DAY]) + lambda_dollars(&ours[A_DAY]),
        digits: 5,
    },
    Bound {
        what: "longest invocation of a Lambda in 24 h, in seconds",
        limit: 1.0,
        figure: |ours| longest(&ours[A_DAY]).as_secs_f64(),
        digits: 2,
    },
    Bound {
        what: "history events of 24 h",
        limit: 500.0,
        figure: |ours| ours[A_DAY].events as f64,
        digits: 0,
    },
    Bound {
        what: "history events of 48 h",
        limit: 800.0,
        figure: |ours| ours[TWO_DAYS].events as f64,
        digits: 0,
    },
];

#[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
fn transition_dollars(usage: &Usage) -> f64 {
    STATE_TRANSITION.of(usage.transitions as f64)
}

/// GB-seconds: billed by the millisecond.
fn gb_seconds(usage: &Usage) -> f64 {
    let billed = |ran: &Duration| ((*ran + COLD_START).as_secs_f64() * 1_000.0).ceil() / 1_000.0;
    prices::gb_seconds(usage.ran.iter().map(billed).sum())
}

#[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
fn lambda_dollars(usage: &Usage) -> f64 {
    GB_SECOND.of(gb_seconds(usage)) + REQUEST.of(usage.ran.len() as f64)
}

fn dollars(usage: &Usage) -> f64 {
    transition_dollars(usage) + lambda_dollars(usage)
}

fn longest(usage: &Usage) -> Duration {
    usage.ran.iter().max().copied().unwrap_or_default()
}

fn calls_and_invocations(usage: &Usage) -> u64 {
    usage.calls() + usage.invocations.values().sum::<u64>()
}

fn ours() -> Result<Vec<Usage>, String> {
    LENGTHS.iter().map(|(_, length)| Ok(Design::Ours.usage(*length)?)).collect()
}

fn measure() -> Result<String, String> {
    let text = text()?;
    let (dollars, calls) = curves()?;
    let x = "length of the command, in seconds";
    let axes = Axes { title: "Dollars for one execution", x, y: "transitions and Lambda, in dollars" };
    figure("dollars", &plot::logarithmic(&axes, &dollars)?)?;
    let axes = Axes { title: "AWS calls of one execution's functions", x, y: "calls" };
    figure("calls", &plot::logarithmic(&axes, &calls)?)?;
    Ok(text)
}

/// The chapter: the same on every machine.
fn text() -> Result<String, String> {
    let ours = ours()?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for design in Design::ALL {
        rows.extend(comparison(design, &ours)?);
    }
    let full = full_after()?;
    Ok([
        "*Virtual time.* One execution, on demand, terminated, its output checked; its functions' calls by name:\n\n",
        &by_call(&ours),
        &format!(
            "\nTransitions are the arrows of the path and the retries. GB-seconds are at {FUNCTION_MEMORY_MB} MB, with {} ms of \
             initialisation for every invocation, as if each were cold, and {} ms for every call. {}\n\n",
            COLD_START.as_millis(),
            CALL.as_millis(),
            sweeps(&ours),
        ),
        &prices(),
        "\n### Compared with its bounds\n\n",
        &bounds(&ours),
        &format!(
            "\nA poll is three calls in one invocation: PutItem, GetCommandInvocation, DescribeInstances. There are about 50 \
             polls within most limits that a document may set, and at most twice as many. If the invocations by Step \
             Functions counted as calls, the day would have {} more.\n",
            calls_and_invocations(&ours[A_DAY]) - calls_and_invocations(&ours[SHORTEST]),
        ),
        "\n### Compared with two other ways to wait\n\nBefore and after the wait they do the same as ec2-ops.\n\n",
        &table(
            &["design", "command", "AWS calls", "transitions", "history events", "GB-seconds", "dollars", "× ec2-ops"],
            &rows,
        ),
        &format!(
            "\nStep Functions ends an execution at 25,000 history events, and no Catch can handle that. The loop fails after \
             {full}.\n\n",
        ),
        &shown("dollars", "dollars over the length of the command"),
        &shown("calls", "AWS calls over the length of the command"),
    ]
    .concat())
}

fn by_call(ours: &[Usage]) -> String {
    let head: Vec<_> = [""].into_iter().chain(LENGTHS.iter().map(|(name, _)| *name)).collect();
    let row = |name: &str, figure: &dyn Fn(&Usage) -> String| -> Vec<String> {
        std::iter::once(name.to_owned()).chain(ours.iter().map(figure)).collect()
    };
    let actions: BTreeSet<_> = ours.iter().flat_map(|usage| usage.calls.keys().copied()).collect();
    let count = |usage: &Usage, action| usage.calls.get(action).copied().unwrap_or_default().to_string();
    let mut rows: Vec<_> =
        actions.into_iter().map(|action| row(action, &|usage| count(usage, action))).collect();
    let invoked =
        |by| move |usage: &Usage| usage.invocations.get(&by).copied().unwrap_or_default().to_string();
    rows.extend([
        row("**AWS calls**", &|usage| format!("**{}**", usage.calls())),
        row("invocations by Step Functions", &invoked(Invoker::StepFunctions)),
        row("invocations by EventBridge", &invoked(Invoker::EventBridge)),
        row("longest invocation, ms", &|usage| longest(usage).as_millis().to_string()),
        row("Lambda GB-seconds", &|usage| format!("{:.3}", gb_seconds(usage))),
        row("state transitions", &|usage| usage.transitions.to_string()),
        row("history events", &|usage| usage.events.to_string()),
        row("**dollars**", &|usage| format!("**{:.5}**", dollars(usage))),
    ]);
    table(&head, &rows)
}

/// The sweeper's calls during the execution.
fn sweeps(ours: &[Usage]) -> String {
    let day: Vec<_> = ours[A_DAY].sweeps.iter().map(|(action, count)| format!("{count} {action}")).collect();
    format!(
        "The table leaves out the calls of the sweeper, every {} minutes, because they belong to the deployment. In the 24 \
         hours they were {}.",
        SWEEP_EVERY.as_secs() / 60,
        day.join(", ")
    )
}

fn prices() -> String {
    let row = |Price { what, dollars, per, page, .. }: &Price| {
        let source = page.trim_start_matches("https://").trim_end_matches('/');
        vec![(*what).to_owned(), format!("${dollars} per {per}"), format!("[{source}]({page})")]
    };
    table(&["us-east-1", "price", "source"], &[&STATE_TRANSITION, &GB_SECOND, &REQUEST].map(row))
        + "\nThe APIs of EC2 and SSM and the events of AWS services are free of charge. DynamoDB and S3 cost less than a hundredth \
           of a cent.\n"
}

fn bounds(ours: &[Usage]) -> String {
    against_bounds(BOUNDS.iter().map(|&Bound { what, limit, figure, digits }| Bounded {
        what,
        measured: figure(ours),
        bound: limit,
        digits,
    }))
}

/// A row for each command: what `design` uses, and what it costs as a ratio to ours.
fn comparison(design: Design, ours: &[Usage]) -> Result<Vec<Vec<String>>, String> {
    let row = |((name, length), ours): (&(&str, Duration), &Usage)| {
        let figures = match design.usage(*length) {
            Err(Unusable::HistoryFull(_)) => vec!["history full".to_owned(); 6],
            Err(why) => return Err(why.into()),
            Ok(usage) => vec![
                usage.calls().to_string(),
                usage.transitions.to_string(),
                usage.events.to_string(),
                format!("{:.3}", gb_seconds(&usage)),
                format!("{:.5}", dollars(&usage)),
                format!("{:.1}", dollars(&usage) / dollars(ours)),
            ],
        };
        Ok([vec![design.name().to_owned(), (*name).to_owned()], figures].concat())
    };
    LENGTHS.iter().zip(ours).map(row).collect()
}

/// The time until the history of the loop is full.
fn full_after() -> Result<String, String> {
    match Design::WaitLoop.usage(LENGTHS[TWO_DAYS].1) {
        Err(Unusable::HistoryFull(after)) => {
            let minutes = after.as_secs() / 60;
            Ok(format!("{} h {} min", minutes / 60, minutes % 60))
        }
        Err(why) => Err(why.into()),
        Ok(_) => Err("the loop's history holds two days".to_owned()),
    }
}

/// Dollars and calls of each design, over the length of the command.
fn curves() -> Result<(Vec<Curve>, Vec<Curve>), String> {
    const STEPS: i32 = 40;
    let (shortest, longest) = (LENGTHS[SHORTEST].1.as_secs_f64(), LENGTHS[TWO_DAYS].1.as_secs_f64());
    let (mut paid, mut called) = (Vec::new(), Vec::new());
    for design in Design::ALL {
        let (mut dollar_points, mut call_points) = (Vec::new(), Vec::new());
        for step in 0..=STEPS {
            let seconds = shortest * (longest / shortest).powf(f64::from(step) / f64::from(STEPS));
            let usage = match design.usage(Duration::from_secs_f64(seconds)) {
                Err(Unusable::HistoryFull(_)) => break,
                usage => usage?,
            };
            dollar_points.push((seconds, dollars(&usage)));
            #[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
            call_points.push((seconds, usage.calls() as f64));
        }
        paid.push(Curve { name: design.name().to_owned(), points: dollar_points });
        called.push(Curve { name: design.name().to_owned(), points: call_points });
    }
    Ok((paid, called))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{docs, part_of};

    #[test]
    fn an_execution_stays_below_its_bounds() {
        let ours = ours().unwrap();
        for bound in &BOUNDS {
            let figure = (bound.figure)(&ours);
            assert!(figure <= bound.limit, "{}: {figure} > {}", bound.what, bound.limit);
        }
    }

    #[test]
    fn two_days_cost_less_than_twice_as_much_as_one() {
        let ours = ours().unwrap();
        assert!(dollars(&ours[TWO_DAYS]) < 2.0 * dollars(&ours[A_DAY]));
    }

    #[test]
    fn the_page_shows_the_figures_of_the_code() {
        let page = std::fs::read_to_string(docs().join("performance.md")).unwrap();
        let part = part_of(&page, CHAPTER.name).unwrap();
        assert_eq!(part.trim(), text().unwrap().trim(), "`cargo performance cost` writes it again");
    }
}
