//! The sandbox behind the executions: faults to be planned, the call log, invocations, events.

use ec2_ops_client::Instance;
use ec2_ops_sandbox::fault_plan::FaultPlan;
use ec2_ops_sandbox::journal::{Call, Happening, Invocation};
use maud::{Markup, html};
use serde_json::Value;

use super::{Frame, Place, page};
use crate::backstage::{Backstage, Notes};
use crate::words::{duration, excerpt, in_url};

/// How many of each are shown.
const SHOWN: usize = 200;

/// The faults with a button of their own: what it says, and the fault.
const FAULTS: [(&str, &str); 8] = [
    ("Throttle the next launch", "throttle RunInstances"),
    ("Lose the answer of the next launch", "lose-answer RunInstances"),
    ("Kill Commander when it has sent the commands", "die-after Commander.SendCommand"),
    ("Lose the answer of the next SendCommand", "lose-answer SendCommand"),
    ("Lose the event of the commands' end", "lose command"),
    ("Kill EC2Poller at its next start", "die-at-start EC2Poller"),
    ("Fail the next TerminateInstances", "error TerminateInstances"),
    ("Lose the event of an aborted execution", "lose execution"),
];

/// The page of the whole sandbox.
pub(crate) fn sandbox(frame: &Frame, backstage: &Backstage, live: &str) -> Markup {
    let content = html! {
        h1 { "Sandbox" }
        p.quiet { "What happens behind the executions. A fault happens once, to whichever execution comes next." }
        section.card aria-labelledby="faults-title" { h2 #faults-title { "Faults" } div #faults { (faults(&backstage.faults, "/sandbox")) } }
        div #notes { (notes(&backstage.all(), true)) }
    };
    page(frame, Place::Sandbox, "Sandbox", Some(live), &content)
}

/// The buttons of faults, and what is planned. The browser is sent `back`.
pub(crate) fn faults(plan: &FaultPlan, back: &str) -> Markup {
    let planned = plan.unfired();
    html! {
        div.faults {
            @for (text, fault) in FAULTS {
                form method="post" action="/faults" {
                    input type="hidden" name="back" value=(back);
                    button name="fault" value=(fault) title=(fault) { (text) }
                }
            }
        }
        form.fields method="post" action="/faults" {
            input type="hidden" name="back" value=(back);
            label { "Any other " input name="fault" placeholder="delay:5 EC2Poller.DescribeInstances" autocomplete="off" spellcheck="false" required; }
            button { "Plan it" }
        }
        @if planned.is_empty() { p.quiet { "Nothing is planned." } } @else {
            ul.planned aria-label="Planned" { @for fault in planned { li { "planned: " (fault.to_string()) } } }
        }
    }
}

/// What can happen to `instance`: what a person, or EC2 itself, does to it.
pub(crate) fn incidents(instance: &Instance, url: &str) -> Markup {
    html! {
        @if instance.is_running() {
            @for (action, text, of) in [("stop", "Stop the instance", true), ("interrupt", "Interrupt the Spot instance", instance.market == "spot")] {
                @if of {
                    form method="post" action={ (url) "/instances/" (in_url(&instance.id)) "/" (action) } { button { (text) } }
                }
            }
        }
    }
}

/// The call log, the invocations and the events.
pub(crate) fn notes(notes: &Notes, subjects: bool) -> Markup {
    let refused = notes.calls.iter().filter(|call| call.is_refused()).count();
    let calls = notes.calls.iter().take(SHOWN).map(|call| call_row(call, subjects));
    let invocations = notes.invocations.iter().take(SHOWN).map(invocation_row);
    let events = notes.events.iter().take(SHOWN).map(event_row);
    html! {
        (log("Calls", &format!("{}, {refused} refused", notes.calls.len()), &["At", "Caller", "Call", "Answer", "Took", "Says"], calls))
        (log("Invocations", &notes.invocations.len().to_string(), &["At", "Function", "Took", "Ended", "Log"], invocations))
        (log("Events", &notes.events.len().to_string(), &["At", "Event", "Detail", "Rules"], events))
    }
}

fn log(title: &str, count: &str, headings: &[&str], rows: impl Iterator<Item = Markup>) -> Markup {
    html! {
        details.card open {
            summary { h2 { (title) " " span.quiet { "(" (count) ")" } } }
            div.scroll.tall tabindex="0" role="region" aria-label=(title) { table {
                thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                tbody { @for row in rows { (row) } }
            } }
        }
    }
}

fn at(time: jiff::Timestamp) -> String {
    time.strftime("%H:%M:%S%.3f").to_string()
}

fn call_row(call: &Call, subjects: bool) -> Markup {
    let name = call.subject.as_deref().map(|subject| subject.rsplit(':').next().unwrap_or(subject));
    html! {
        tr.refused[call.is_refused()] {
            td.number { (at(call.at)) }
            td { (call.caller) @if let Some(name) = name.filter(|_| subjects) { " " span.quiet { (name) } } }
            td { (call.service) " " b { (call.action) } }
            td { @match call.status { Some(status) => { @if call.is_refused() { "✕ " } (status) }, None => "✕ no answer" } }
            td.number { (duration_ms(call.took)) }
            td.why { @if let Some((code, message)) = &call.error { b { (code) } " " (message) } }
        }
    }
}

fn invocation_row(invocation: &Invocation) -> Markup {
    html! {
        tr.refused[invocation.error.is_some()] {
            td.number { (at(invocation.at)) }
            td { (invocation.function.rsplit('-').next().unwrap_or_default()) }
            td.number { @if let Some(ended) = invocation.ended { (duration(ended.duration_since(invocation.at))) } }
            td { @match (&invocation.error, invocation.ended) {
                (Some((error, _)), _) => { "✕ " (error) },
                (None, Some(_)) => "✓ done",
                (None, None) => "▶ running",
            } }
            td.why { @for line in &invocation.lines { (log_line(line)) } }
        }
    }
}

/// A line of a function's log: of its JSON, what says something to people.
fn log_line(line: &str) -> Markup {
    let parsed: Value = serde_json::from_str(line).unwrap_or_default();
    let Some(fields) = parsed.as_object().filter(|fields| fields.contains_key("message")) else {
        return html! { div.id { (line) } };
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let others =
        fields.iter().filter(|(name, _)| !["timestamp", "level", "message", "span"].contains(&name.as_str()));
    html! {
        div title=(line) {
            span.quiet { (text("level")) } " " (text("message"))
            @for (name, value) in others { " " span.quiet { (name) } " " (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) }
        }
    }
}

fn event_row(happening: &Happening) -> Markup {
    html! {
        tr {
            td.number { (at(happening.at)) }
            td { (happening.event.detail_type) }
            td.why.id { (excerpt(&happening.event.detail.to_string())) }
            td.why {
                @if happening.rules.is_empty() { span.quiet { "no rule" } }
                @for (pattern, copies) in &happening.rules {
                    div { span.id { (pattern.to_string()) }
                        @match copies { 1 => "", 0 => { b.bad { " lost, by plan" } }, more => { b { " delivered " (more) " times" } } } }
                }
            }
        }
    }
}

fn duration_ms(took: std::time::Duration) -> String {
    format!("{} ms", took.as_millis())
}
