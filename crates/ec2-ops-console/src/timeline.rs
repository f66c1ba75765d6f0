//! The timeline of an attempt: a row for each state, and below them the lanes of the command and of the instance.

use std::fmt;

use ec2_ops_client::Instance;
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

use crate::story::{Story, Visit};
use crate::words::duration;

/// The height of a row.
const ROW: usize = 24;
/// Bars of one kind that are closer than this are drawn as one, in thousandths of the width.
const CLOSE: f64 = 1.0;

/// A part of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) lane: bool,
    pub(crate) bars: Vec<Bar>,
}

/// A change of an instance's state, where it is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) at: Timestamp,
    pub(crate) state: String,
}

/// Draws what happened in `attempt` up to `now`.
pub(crate) fn draw(rows: &[Row], from: Timestamp, now: Timestamp) -> Markup {
    let ends = rows.iter().flat_map(|row| &row.bars).map(|bar| bar.until);
    let until = ends.max().unwrap_or(now).max(from + jiff::SignedDuration::from_millis(1));
    let scale = Scale { from, until };
    html! {
        div.timeline {
            ol.labels aria-hidden="true" {
                @for row in rows { li.lane[row.lane] { (row.label) } }
                li.axis {}
            }
            svg role="img" aria-label={ "timeline of " (duration(until.duration_since(from))) } height=(ROW * (rows.len() + 1)) {
                @for tick in scale.ticks() {
                    line.tick x1=(scale.at(tick)) x2=(scale.at(tick)) y1="0" y2=(ROW * rows.len()) {}
                    text.tick x=(scale.at(tick)) y=(ROW * rows.len() + 15) { (duration(tick.duration_since(from))) }
                }
                @for (index, row) in rows.iter().enumerate() {
                    @for bar in merged(&row.bars, &scale) {
                        rect.(bar.kind) x=(scale.at(bar.from)) width=(scale.width(&bar))
                            y=(index * ROW + if row.lane { 4 } else { 6 }) height=(if row.lane { ROW - 8 } else { ROW - 12 }) rx="2" {
                            title { (bar.text) }
                        }
                    }
                }
            }
        }
    }
}

/// Where a moment is, between the ends of the drawing.
struct Scale {
    from: Timestamp,
    until: Timestamp,
}

/// A part of the width.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}%", self.0 / 10.0)
    }
}

impl maud::Render for Percent {
    fn render_to(&self, buffer: &mut String) {
        maud::Render::render_to(&format_args!("{self}"), buffer);
    }
}

impl Scale {
    fn thousandths(&self, at: Timestamp) -> f64 {
        let part =
            at.duration_since(self.from).as_secs_f64() / self.until.duration_since(self.from).as_secs_f64();
        part.clamp(0.0, 1.0) * 1000.0
    }

    fn at(&self, at: Timestamp) -> Percent {
        Percent(self.thousandths(at))
    }

    fn width(&self, bar: &Bar) -> Percent {
        Percent((self.thousandths(bar.until) - self.thousandths(bar.from)).max(3.0))
    }

    /// At most six moments at round distances.
    fn ticks(&self) -> Vec<Timestamp> {
        const STEPS: [i64; 17] = [
            100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
            3_600_000, 7_200_000, 21_600_000, 86_400_000,
        ];
        let all = self.until.duration_since(self.from).as_millis();
        let step = STEPS.iter().copied().find(|step| all / i128::from(*step) < 6).unwrap_or(864_000_000);
        let count = i64::try_from(all / i128::from(step)).unwrap_or(0).min(20);
        (0..=count).map(|index| self.from + jiff::SignedDuration::from_millis(index * step)).collect()
    }
}

/// The bars, those that lie too close to tell apart drawn as one.
fn merged(bars: &[Bar], scale: &Scale) -> Vec<Bar> {
    let mut merged: Vec<Bar> = Vec::new();
    // The last bar of each kind: tries and waits alternate.
    let mut last: Vec<(&'static str, usize, usize)> = Vec::new();
    for bar in bars {
        let known = last.iter_mut().find(|(kind, ..)| *kind == bar.kind);
        if let Some((_, index, count)) = known
            && scale.thousandths(bar.from) - scale.thousandths(merged[*index].until) < CLOSE
            && scale.thousandths(bar.until) - scale.thousandths(bar.from) < CLOSE
        {
            *count += 1;
            merged[*index].until = bar.until;
            merged[*index].text = format!("{count} × {}", bar.text);
            continue;
        }
        last.retain(|(kind, ..)| *kind != bar.kind);
        last.push((bar.kind, merged.len(), 1));
        merged.push(bar.clone());
    }
    // What failed is drawn over what waited.
    merged.sort_by_key(|bar| bar.kind != "wait");
    merged
}

/// The rows of the states that `attempt` has visited.
pub(crate) fn states(story: &Story, attempt: u32, now: Timestamp) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for visit in story.visits().iter().filter(|visit| visit.attempt == attempt && takes_time(visit)) {
        let end = visit.left.or(story.ended()).unwrap_or(now);
        let bars = bars(visit, end);
        match rows.iter_mut().find(|row| row.label == visit.state) {
            Some(row) => row.bars.extend(bars),
            None => rows.push(Row { label: visit.state.clone(), lane: false, bars }),
        }
    }
    rows
}

fn takes_time(visit: &Visit) -> bool {
    visit.kind == "Task" || visit.kind == "Wait"
}

fn bars(visit: &Visit, end: Timestamp) -> Vec<Bar> {
    let bar = |from: Timestamp, until: Timestamp, kind, text: &str| Bar {
        from,
        until: until.max(from),
        kind,
        text: format!("{}: {text}, {}", visit.state, duration(until.duration_since(from))),
    };
    if visit.kind == "Wait" {
        return vec![bar(visit.entered, end, "wait", "wait")];
    }
    let mut bars = Vec::new();
    for (index, one) in visit.tries.iter().enumerate() {
        let until = one.ended.unwrap_or(end);
        let (kind, text) = match &one.error {
            Some((error, _)) => ("bad", error.as_str()),
            None if one.ended.is_some() => ("good", "done"),
            None => ("busy", "running"),
        };
        bars.push(bar(one.began, until, kind, text));
        let next = visit.tries.get(index + 1).map_or(end, |next| next.began);
        if one.error.is_some() && next > until {
            bars.push(bar(until, next, "wait", "until the next try"));
        }
    }
    bars
}

/// What is known of an attempt.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) story: &'a Story,
    pub(crate) attempt: u32,
    /// The attempt in the outcome, as far as there is one.
    pub(crate) record: &'a Value,
}

impl<'a> Known<'a> {
    fn time(self, name: &str) -> Option<Timestamp> {
        self.record[name].as_str()?.parse().ok()
    }

    fn stay(self, state: &str) -> Option<&'a Visit> {
        let mut visits = self.story.visits().iter();
        visits.find(|visit| visit.attempt == self.attempt && visit.state == state)
    }
}

/// The lanes of the command and of the instance.
pub(crate) fn lanes(
    known: Known<'_>,
    instance: Option<&Instance>,
    changes: &[Change],
    now: Timestamp,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let sent = known.stay("Commander").and_then(|visit| visit.left.filter(|_| visit.error().is_none()));
    let polled = known.stay("EC2Poller").and_then(|visit| visit.left);
    if let Some(from) = known.time("commands_started_at").or(sent) {
        let until = known.time("commands_ended_at").or(polled).or(known.story.ended()).unwrap_or(now);
        let text = format!("the commands run, {}", duration(until.duration_since(from)));
        rows.push(Row {
            label: "commands".to_owned(),
            lane: true,
            bars: vec![Bar { from, until: until.max(from), kind: "command", text }],
        });
    }
    let mut bars = known_states(changes, instance.map(|instance| instance.state.as_str()), now);
    let launched = known.time("launched_at").or_else(|| known.stay("Boot").map(|visit| visit.entered));
    if let Some(launched) =
        launched.or(instance.and_then(|instance| instance.launched)).filter(|_| bars.is_empty())
    {
        bars = guessed_states(known, launched, now);
    }
    if !bars.is_empty() {
        rows.push(Row { label: "instance".to_owned(), lane: true, bars });
    }
    rows
}

/// The life of an instance by the events of its changes.
fn known_states(changes: &[Change], present: Option<&str>, now: Timestamp) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let kind = kind(&change.state);
        let next = changes.get(index + 1).map(|next| next.at);
        let until = match next {
            Some(next) => next,
            None if matches!(kind, "off" | "gone") => change.at,
            None if present.is_none() => change.at,
            None => now,
        };
        let text = format!("instance {}, {}", change.state, duration(until.duration_since(change.at)));
        bars.push(Bar { from: change.at, until: until.max(change.at), kind, text });
    }
    bars
}

/// The same by what the states of the execution say, where no events are known.
fn guessed_states(known: Known<'_>, launched: Timestamp, now: Timestamp) -> Vec<Bar> {
    let end = known.time("ended_at").or(known.story.ended()).unwrap_or(now);
    let ready = known.time("ready_at").or_else(|| known.stay("Boot").and_then(|visit| visit.left));
    let ending = known.stay("EC2Stopper").map_or(end, |visit| visit.entered);
    let ready = ready.unwrap_or(ending).clamp(launched.min(ending), ending);
    let part = |from: Timestamp, until: Timestamp, kind, state: &str| Bar {
        from,
        until: until.max(from),
        kind,
        text: format!("instance {state}, {}", duration(until.duration_since(from))),
    };
    let parts = [
        part(launched, ready, "booting", "booting"),
        part(ready, ending, "on", "running"),
        part(ending, end, "ending", "ending"),
    ];
    parts.into_iter().filter(|bar| bar.until > bar.from).collect()
}

fn kind(state: &str) -> &'static str {
    match state {
        "pending" => "booting",
        "running" => "on",
        "stopped" => "off",
        "terminated" => "gone",
        _ => "ending",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::{at, entered, exited, failed, story};
    use ec2_ops_client::What;

    #[test]
    fn failed_tries_are_red_and_the_waits_between_them_grey() {
        let story = story(vec![
            (0, entered("Boot")),
            (0, What::Tried),
            (1, failed("InstanceNotReady")),
            (4, What::Tried),
            (5, What::Succeeded),
            (5, exited("Boot")),
        ]);
        let rows = states(&story, 1, at(5));
        let kinds: Vec<_> = rows[0].bars.iter().map(|bar| (bar.kind, bar.from, bar.until)).collect();
        assert_eq!(kinds, [("bad", at(0), at(1)), ("wait", at(1), at(4)), ("good", at(4), at(5))]);
    }

    #[test]
    fn ten_thousand_tries_are_a_few_bars() {
        let mut events = vec![(0, entered("EC2Stopper"))];
        for second in 0..10_000 {
            events.extend([(second * 2, What::Tried), (second * 2 + 1, failed("CleanupPending"))]);
        }
        let story = story(events);
        let rows = states(&story, 1, at(20_000));
        let drawn = draw(&rows, at(0), at(20_000)).into_string();
        assert!(drawn.matches("<rect").count() < 50, "{}", drawn.len());
        assert!(drawn.contains("10000 × EC2Stopper: CleanupPending"));
    }

    #[test]
    fn an_instance_has_the_states_that_are_known_of_it() {
        let change = |seconds, state: &str| Change { at: at(seconds), state: state.to_owned() };
        let changes =
            [change(0, "pending"), change(1, "running"), change(5, "shutting-down"), change(6, "terminated")];
        let kinds: Vec<_> = known_states(&changes, Some("terminated"), at(60))
            .iter()
            .map(|bar| (bar.kind, bar.until))
            .collect();
        assert_eq!(kinds, [("booting", at(1)), ("on", at(5)), ("ending", at(6)), ("gone", at(6))]);
    }
}
