//! The executions by outcome.

use std::ops::Range;

use ec2_ops_client::RUNNING;
use maud::{Markup, html};

use super::outcome::badge;
use super::{Frame, Place, aws_line, page, since, time};
use crate::board::{Board, Row};
use crate::words::{duration, first_line, in_url, quoted};

/// How many rows a page begins with, so that it is there at once. The script brings the rest.
pub(crate) const FIRST: usize = 100;

/// Which executions are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The word of the outcome.
    pub(crate) outcome: Option<String>,
    /// A part of the name.
    pub(crate) name: Option<String>,
}

impl Filter {
    /// Whether it shows `row`.
    pub(crate) fn shows(&self, row: &Row) -> bool {
        let outcome = self.outcome.as_ref().is_none_or(|outcome| row.standing() == outcome);
        outcome && self.name.as_ref().is_none_or(|name| row.listed.name.contains(name.as_str()))
    }

    fn query(&self) -> String {
        let parts = [("outcome", &self.outcome), ("name", &self.name)];
        let parts =
            parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", in_url(value.as_ref()?))));
        parts.collect::<Vec<_>>().join("&")
    }

    fn with_outcome(&self, outcome: Option<&str>) -> String {
        format!("/?{}", Self { outcome: outcome.map(str::to_owned), ..self.clone() }.query())
    }
}

/// The page.
pub(crate) fn executions(
    frame: &Frame,
    board: &Board,
    filter: &Filter,
    state_machine: &str,
    boot: &str,
) -> Markup {
    let live = format!("/live?{}&after={boot}.{}", filter.query(), board.version());
    let listing = format!("aws stepfunctions list-executions --state-machine-arn {}", quoted(state_machine));
    let content = html! {
        div.title {
            h1 { "Executions" }
            div #left { (left(board)) }
        }
        form.filters role="search" action="/" {
            div #chips { (chips(board, filter)) }
            @if let Some(outcome) = &filter.outcome { input type="hidden" name="outcome" value=(outcome); }
            label { span.hidden { "Part of the name" }
                input #name-filter type="search" name="name" placeholder="Part of the name" value=[filter.name.as_deref()] data-filters="#rows"; }
        }
        div.scroll {
            table.executions {
                thead { tr {
                    @for heading in ["Outcome", "Name", "Attempt", "Instance", "Started", "Took", "Output, or why not"] {
                        th scope="col" { (heading) }
                    }
                } }
                tbody #rows data-rest={ "/rows?" (filter.query()) } { (rows(board, filter, 0..FIRST)) }
            }
        }
        div #none { (none(board, filter)) }
        (aws_line(&listing))
    };
    page(frame, Place::Executions, "Executions", Some(&live), &content)
}

/// Some of the rows that `filter` shows.
pub(crate) fn rows(board: &Board, filter: &Filter, range: Range<usize>) -> Markup {
    let shown = board.rows().filter(|row| filter.shows(row)).skip(range.start).take(range.len());
    html! { @for row in shown { (self::row(row)) } }
}

/// What the deployment has running, and where that was looked for.
pub(crate) fn left(board: &Board) -> Markup {
    let (running, left, regions) = (board.running().count(), board.left(), board.regions());
    html! {
        p.left.bad[left > 0] {
            span { "instances running" @if !regions.is_empty() { " in " (regions) } ": " b { (running) } }
            span title="instances that run although their execution is over" { "left running: " b { (left) } }
        }
    }
}

/// The number of executions by outcome; each leads to those.
pub(crate) fn chips(board: &Board, filter: &Filter) -> Markup {
    let counts = board.counts();
    let all: usize = board.rows().count();
    let first = [RUNNING, "Succeeded"];
    let others = counts.keys().copied().filter(|word| !first.contains(word));
    let current = |outcome: Option<&str>| (filter.outcome.as_deref() == outcome).then_some("true");
    html! {
        ul.chips {
            li { a href=(filter.with_outcome(None)) aria-current=[current(None)] { "All " b { (all) } } }
            @for word in first.into_iter().chain(others) {
                li { a href=(filter.with_outcome(Some(word))) aria-current=[current(Some(word))] {
                    (badge(word)) " " b { (counts.get(word).copied().unwrap_or(0)) }
                } }
            }
        }
    }
}

/// What an empty table says.
pub(crate) fn none(board: &Board, filter: &Filter) -> Markup {
    html! {
        @if board.rows().next().is_none() {
            div.empty {
                p { "Nothing has run yet." }
                p { a.button href="/new?example=hello" { "Run the example" } " or " a href="/new" { "write a document" } "." }
            }
        } @else if !board.rows().any(|row| filter.shows(row)) {
            p.empty { "No execution is like that. " a href="/" { "Show all" } }
        }
    }
}

/// The id of the row of an execution.
pub(crate) fn row_id(row: &Row) -> String {
    format!("row-{}", row.listed.name)
}

/// A row.
pub(crate) fn row(row: &Row) -> Markup {
    let listed = &row.listed;
    let unknown = crate::board::Summary::default();
    let summary = row.summary.as_ref().unwrap_or(&unknown);
    html! {
        tr id=(row_id(row)) data-text=(listed.name) data-at=(listed.started.as_millisecond()) {
            td { (badge(row.standing())) }
            td.name { a href={ "/executions/" (in_url(&listed.name)) } { (listed.name) } }
            td.number { @if let Some(attempt) = summary.attempt { (attempt) " of " (summary.attempts.max(attempt)) } }
            td {
                @if let Some(instance) = &summary.instance { span.id { (instance) } " " }
                @let kind = [&summary.instance_type, &summary.market];
                span.quiet { (kind.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ")) }
            }
            td { (time(listed.started)) }
            td.number {
                @match listed.ended {
                    Some(ended) => (duration(ended.duration_since(listed.started))),
                    None => (since(listed.started)),
                }
            }
            td.why {
                @if let Some(output) = &summary.output { span.id { (output) } }
                @else if let Some(reason) = &summary.reason { (first_line(reason)) }
            }
        }
    }
}
