//! One stay in a state: input, output, error, tries, events; and the rows of all events.

use ec2_ops_client::{Event, What};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{Frame, Place, aws_line, json, page, time};
use crate::execution::Watched;
use crate::story::Visit;
use crate::words::{duration, excerpt, first_line, in_url, quoted};

/// How many events are loaded at once.
pub(crate) const PAGE: usize = 200;
/// How many tries and events of one stay are shown.
const SHOWN: usize = 500;

/// The page of `visit`.
pub(crate) fn state(frame: &Frame, watched: &Watched, visit: &Visit) -> Markup {
    let (input, output) = watched.story.payloads(visit);
    let name = &watched.execution.name;
    let url = format!("/executions/{}", in_url(name));
    let standing = visit.standing();
    let until = visit.last.or_else(|| visit.open_at_end.then_some(i64::MAX)).unwrap_or(i64::MAX);
    let events = watched.story.events(visit.first - 1, until);
    let title = format!("{} in {name}", visit.state);
    let content = html! {
        nav.path aria-label="Path" {
            a href="/" { "Executions" } " / " a href={ (url) "?attempt=" (visit.attempt) } { (name) } " / " (visit.state)
        }
        div.title { h1 { (visit.state) } span.standing.(standing.class()) { span.sign aria-hidden="true" { (standing.sign()) } (standing.word()) } }
        p.facts {
            span { (visit.kind) } span { "attempt " (visit.attempt) } span { "entered " (time(visit.entered)) }
            @if let Some(left) = visit.left { span { "took " b { (duration(left.duration_since(visit.entered))) } } }
        }
        @if let Some((error, message)) = visit.error() { pre.cause { (error) ": " (message) } }
        @if !visit.tries.is_empty() { section.card { h2 { "Tries" } (tries(visit)) } }
        div.halves {
            section.card { h2 { "Input" } (json(input)) }
            section.card { h2 { "Output" } @match output { Some(output) => (json(output)), None => p.quiet { "none yet" } } }
        }
        section.card { h2 { "Events" } div.scroll { table { tbody { @for event in events.iter().take(SHOWN) { (event_row(event, &visit.state, watched.execution.started)) } } } } }
        section.card { h2 { "Definition" } (json(&watched.definition["States"][&visit.state])) }
        (aws_line(&format!("aws stepfunctions get-execution-history --execution-arn {}", quoted(&watched.execution.arn))))
    };
    page(frame, Place::Elsewhere, &title, None, &content)
}

fn tries(visit: &Visit) -> Markup {
    let hidden = visit.tries.len().saturating_sub(SHOWN);
    html! {
        @if hidden > 0 { p.quiet { (hidden) " earlier tries are not shown" } }
        div.scroll { table {
            thead { tr { @for heading in ["Try", "After", "Took", "Error"] { th scope="col" { (heading) } } } }
            tbody { @for (index, one) in visit.tries.iter().enumerate().skip(hidden) { tr {
                td.number { (index + 1) }
                td.number { (duration(one.began.duration_since(visit.entered))) }
                td.number { @match one.ended { Some(ended) => (duration(ended.duration_since(one.began))), None => "…" } }
                td.why { @if let Some((error, message)) = &one.error { b { (error) } " " (message) } @else if one.ended.is_some() { "done" } }
            } } }
        } }
    }
}

/// The rows of `events`, which follow `before`; a last one leads to the rest.
pub(crate) fn event_rows(watched: &Watched, after: i64, url: &str) -> Markup {
    let events = watched.story.events(after, i64::MAX);
    let shown = &events[..events.len().min(PAGE)];
    let mut visits = watched.story.visits().iter().rev().skip_while(|visit| visit.first > after).peekable();
    let mut state = visits.next().map(|visit| visit.state.clone()).unwrap_or_default();
    let rows: Vec<_> = shown
        .iter()
        .map(|event| {
            if let What::Entered { state: entered, .. } = &event.what {
                state.clone_from(entered);
            }
            event_row(event, &state, watched.execution.started)
        })
        .collect();
    let last = shown.last().map_or(after, |event| event.id);
    html! {
        @for row in rows { (row) }
        @if events.len() > PAGE { tr.more data-next={ (url) "/events?after=" (last) } { td colspan="5" { "loading…" } } }
    }
}

fn event_row(event: &Event, state: &str, started: Timestamp) -> Markup {
    html! {
        tr data-id=(event.id) data-at=(event.at.as_millisecond()) {
            td.number { (event.id) }
            td.number { (duration(event.at.duration_since(started))) }
            td { (event.kind) }
            td { (state) }
            td.why { (says(event)) }
        }
    }
}

/// What an event says, in a line that opens to all of it.
fn says(event: &Event) -> Markup {
    if let What::Failed { error, message } = &event.what {
        return html! { b.bad { (error) } " " (first_line(message)) };
    }
    let details: Vec<_> = event.details.iter().filter(|(name, _)| *name != "parameters").collect();
    html! { @for (name, text) in details { span.quiet { (name) } " " (excerpt(text)) " " } }
}
