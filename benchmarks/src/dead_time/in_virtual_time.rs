//! The parts of the dead time, if nothing else takes time.

use std::time::Duration;

use ec2_ops_simulation::rehearsal::{Plan, Starts, rehearse, starts};

use crate::designs::{CALL, EVENT_DELIVERY, plan};
use crate::report::table;

const ENDS: &str = "TerminateInstances";
/// The limits on the commands, in hours, each with its poll interval in seconds.
const LIMITS: [(u64, u64); 4] = [(1, 72), (8, 576), (24, 1_728), (48, 1_800)];
/// The ends of the commands, in percent of their limit.
const SHARES: [u32; 10] = [3, 11, 23, 37, 41, 53, 67, 79, 83, 97];
/// Boots from the launch to an agent that is online, in seconds.
const BOOTS: [(&str, u64, u64); 3] =
    [("15 to 30 s", 15, 30), ("25 to 60 s", 25, 60), ("1 to 3 min", 60, 180)];

pub(super) fn measure() -> Result<String, String> {
    Ok([at_the_end()?, at_the_start()?].concat())
}

/// From the agent to the commands.
fn at_the_start() -> Result<String, String> {
    let row = |(name, from, to): &(&str, u64, u64)| {
        let range = Duration::from_secs;
        let Starts { mean, nine_in_ten, looks } =
            starts(range(*from), range(*to), &plan(Duration::from_secs(10)))?;
        let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
        Ok::<_, String>(vec![(*name).to_owned(), seconds(mean), seconds(nine_in_ten), format!("{looks:.1}")])
    };
    let rows = BOOTS.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok([
        "\n### At the start\n\nFrom an agent that is online to the effect of SendCommand, for boots of evenly spread lengths; \
         the goal was a mean of 2.5 s, and 5 s in nine of ten boots, with about ten checks. A boot of minutes needs more \
         checks for that. After three minutes one comes every twelve seconds. An instance that waited for its launch is checked \
         [less often](scale.md#why-the-retries-are-what-they-are).\n\n",
        &table(&["boot", "mean", "nine of ten at most", "checks, mean"], &rows),
    ]
    .concat())
}

/// From the end of the commands to the end of the instance.
fn at_the_end() -> Result<String, String> {
    let rows = LIMITS.iter().map(|(hours, poll_s)| row(*hours, *poll_s)).collect::<Result<Vec<_>, _>>()?;
    Ok([
        &format!(
            "*Virtual time.* From the end of the commands to the effect of {ENDS}: the worst of {} commands that end \
             at some time within their limit. An event takes {} ms here.\n\n",
            SHARES.len(),
            EVENT_DELIVERY.as_millis(),
        ),
        &table(
            &["limit", "calls take no time", &format!("calls take {} ms", CALL.as_millis()), "all events lost", "bound: one poll interval, and a second before the next", "ratio"],
            &rows,
        ),
        "\nSo the dead time is one event delivery plus six calls, of which two count only until their effect: GetItem, GetCommandInvocation and \
         SendTaskSuccess in EC2Poller, HeadObject in RunChecker, DescribeInstances and TerminateInstances in EC2Stopper. \
         A design that polls loses half of its interval on average: 2.5 s for a Lambda that blocks and polls every 5 s, 7.5 s \
         for a loop of 15 s.\n",
    ]
    .concat())
}

fn row(hours: u64, poll_s: u64) -> Result<Vec<String>, String> {
    let limit = Duration::from_hours(hours);
    let event = worst(limit, Some(EVENT_DELIVERY), Duration::ZERO)?;
    let calls = worst(limit, Some(EVENT_DELIVERY), CALL)?;
    let (lost, bound) = (worst(limit, None, Duration::ZERO)?, Duration::from_secs(poll_s + 1));
    Ok(vec![
        format!("{hours} h"),
        format!("{:.3} s", event.as_secs_f64()),
        format!("{:.3} s", calls.as_secs_f64()),
        format!("{:.0} s", lost.as_secs_f64()),
        format!("{} s", bound.as_secs()),
        format!("{:.2}", lost.as_secs_f64() / bound.as_secs_f64()),
    ])
}

/// The longest dead time of commands that end at some time within `limit`.
fn worst(limit: Duration, event_delivery: Option<Duration>, call: Duration) -> Result<Duration, String> {
    let dead = |share: &u32| {
        let mut plan = Plan { event_delivery, call, ..plan(limit * *share / 100) };
        plan.document["run_options"]["timeout_s"] = limit.as_secs().into();
        rehearse(&plan)?.dead_time(ENDS).ok_or_else(|| "no instance was ended".to_owned())
    };
    SHARES.iter().map(dead).try_fold(Duration::ZERO, |worst, dead| Ok(worst.max(dead?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{docs, part_of};

    #[test]
    fn the_dead_time_is_one_event_delivery_and_six_calls_and_at_worst_one_poll() {
        for (hours, poll_s) in LIMITS {
            let limit = Duration::from_hours(hours);
            assert_eq!(worst(limit, Some(EVENT_DELIVERY), Duration::ZERO), Ok(EVENT_DELIVERY));
            // SendTaskSuccess and TerminateInstances have their effect half of their time before their answer.
            let six_calls = 4 * CALL + 2 * (CALL / 2);
            let with_calls = worst(limit, Some(EVENT_DELIVERY), CALL).unwrap();
            assert_eq!(with_calls, EVENT_DELIVERY + six_calls, "{hours} h");
            assert!(worst(limit, None, Duration::ZERO).unwrap() <= Duration::from_secs(poll_s + 1));
        }
    }

    #[test]
    fn the_page_shows_the_figures_of_the_code() {
        let page = std::fs::read_to_string(docs().join("performance.md")).unwrap();
        let chapter = super::super::IN_VIRTUAL_TIME;
        let part = part_of(&page, chapter.name).unwrap();
        assert_eq!(
            part.trim(),
            measure().unwrap().trim(),
            "`cargo performance {}` writes it again",
            chapter.name
        );
    }
}
