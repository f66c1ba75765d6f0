//! One execution: its graph, its timeline, its attempts, and what its commands print.

use ec2_ops_client::{Attempt, Client, Instance, Line, Stream};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

use super::backstage;
use super::outcome::badge;
use super::{Frame, Place, aws_line, json, page, since, time, until};
use crate::backstage::Backstage;
use crate::execution::Watched;
use crate::graph;
use crate::story::{NextLook, Visit};
use crate::timeline::{self, Known};
use crate::words::{duration, first_line, in_url, quoted};

/// How many of the last lines of output a page begins with.
pub(crate) const LINES: usize = 5_000;

/// An execution as a page shows it.
pub(crate) struct View<'a> {
    pub(crate) watched: &'a Watched,
    pub(crate) client: &'a Client,
    /// The attempt that is looked at; the last one if none is chosen.
    pub(crate) chosen: Option<u32>,
    /// The sandbox that it is in.
    pub(crate) backstage: Option<&'a Backstage>,
}

impl View<'_> {
    fn name(&self) -> &str {
        &self.watched.execution.name
    }

    pub(crate) fn url(&self) -> String {
        format!("/executions/{}", in_url(self.name()))
    }

    /// The number of the attempt that is looked at.
    pub(crate) fn number(&self) -> u32 {
        self.watched.story.attempt(self.chosen).map_or(1, |attempt| attempt.number)
    }

    fn attempt(&self) -> Option<&Attempt> {
        self.watched.story.attempt(self.chosen)
    }

    fn visits(&self) -> Vec<&Visit> {
        let number = self.number();
        self.watched.story.visits().iter().filter(|visit| visit.attempt == number).collect()
    }

    /// The instance of the attempt, if EC2 still shows it.
    fn instance(&self) -> Option<&Instance> {
        let number = self.number();
        self.watched.instances.iter().find(|instance| instance.attempt == Some(number))
    }

    /// The lines that the commands of the attempt have printed.
    pub(crate) fn lines(&self) -> &[Line] {
        self.watched.logs.get(&self.number()).map_or(&[], |log| &log.lines)
    }

    /// The page.
    pub(crate) fn page(&self, frame: &Frame) -> Markup {
        let execution = &self.watched.execution;
        let (last, lines) = (self.watched.story.last(), self.lines().len());
        let chosen = self.chosen.map(|number| format!("&attempt={number}")).unwrap_or_default();
        let live = format!("{}/live?after={last}.{lines}{chosen}", self.url());
        let content = html! {
            nav.path aria-label="Path" { a href="/" { "Executions" } " / " (execution.name) }
            section #summary aria-label="Summary" { (self.summary()) }
            div #attempts { (self.tabs()) }
            div.columns {
                section.card aria-labelledby="graph-title" { h2 #graph-title { "States" } div #graph.scroll { (self.graph()) } (legend()) }
                div.stack {
                    section.card aria-labelledby="timeline-title" { h2 #timeline-title { "Timeline" } div #timeline { (self.timeline()) } }
                    section.card aria-labelledby="output-title" { (self.output()) }
                    section.card aria-labelledby="visits-title" { h2 #visits-title { "What happened" } div #visits.scroll { (self.table()) } }
                    section.card aria-labelledby="things-title" { h2 #things-title { "Instances, volumes, objects" } div #things.scroll { (self.things()) } }
                }
            }
            @if let Some(backstage) = self.backstage {
                section.card aria-labelledby="faults-title" {
                    h2 #faults-title { "Faults" }
                    p.quiet { "Let something go wrong, once, and watch what the safety nets do." }
                    div.faults #incidents { (self.incidents()) }
                    div #faults { (backstage::faults(&backstage.faults, &self.url())) }
                }
                div #notes { (self.notes()) }
            }
            section.card aria-labelledby="document-title" {
                h2 #document-title { "Document" }
                a.button href={ "/new?from=" (in_url(self.name())) } { "Run again, with changes" }
                (json(&execution.document))
                (aws_line(&format!("aws stepfunctions describe-execution --execution-arn {} --query input --output text", quoted(&execution.arn))))
            }
            section.card aria-labelledby="events-title" {
                h2 #events-title { "Events " span.quiet { "(" span #last { (last) } ")" } }
                div.scroll.tall tabindex="0" role="region" aria-label="Events" {
                    table { thead { tr { th scope="col" { "Id" } th scope="col" { "After" } th scope="col" { "Event" } th scope="col" { "State" } th scope="col" { "Says" } } }
                        tbody #events data-more={ (self.url()) "/events" } {} }
                    p { a #more href={ (self.url()) "/events?after=0" } { "Load the events" } }
                }
                (aws_line(&format!("aws stepfunctions get-execution-history --execution-arn {}", quoted(&execution.arn))))
            }
        };
        page(frame, Place::Elsewhere, self.name(), Some(&live), &content)
    }

    /// How it stands, why, and what can be done.
    pub(crate) fn summary(&self) -> Markup {
        let execution = &self.watched.execution;
        let standing = execution.standing();
        html! {
            div.title {
                h1 { (execution.name) }
                (badge(standing.as_str()))
                @if standing.is_running() { (self.stop()) }
            }
            p.facts {
                span { "started " (time(execution.started)) }
                @match execution.ended {
                    Some(ended) => span { "took " b { (duration(ended.duration_since(execution.started))) } },
                    None => span { "runs for " b { (since(execution.started)) } },
                }
                (self.left())
            }
            @if standing.is_running() { (self.waiting()) }
            @if let Some(reason) = execution.reason() { pre.cause { (reason) } }
            @for warning in execution.outcome().unwrap_or_default()["warnings"].as_array().into_iter().flatten() {
                p.warning { "warning: " (warning.as_str().unwrap_or_default()) }
            }
            (aws_line(&format!("aws stepfunctions describe-execution --execution-arn {}", quoted(&execution.arn))))
        }
    }

    /// What it has left in EC2.
    fn left(&self) -> Markup {
        let running = self.watched.instances.iter().filter(|instance| instance.is_running()).count();
        let over = self.watched.execution.ended.is_some();
        let word = if over { "left running: " } else { "instances running: " };
        html! { span.bad[over && running > 0] { (word) b { (running) } } }
    }

    fn stop(&self) -> Markup {
        html! {
            details.confirm {
                summary.button.danger { "Stop…" }
                form method="post" action={ (self.url()) "/stop" } {
                    p { "It ends for good, and its instance with it." }
                    button.danger { "Stop it now" }
                }
            }
        }
    }

    /// What it waits for, and when it looks again, which answers whether it hangs.
    fn waiting(&self) -> Markup {
        let story = &self.watched.story;
        let Some(waiting) = story.waiting() else { return html! {} };
        let next = story.visits().last().and_then(|visit| NextLook::of(visit, &self.watched.definition));
        html! {
            p.waiting {
                span.pulse aria-hidden="true" {}
                b { (waiting.state) } " waits for: " (first_line(&waiting.reason))
                @if let Some(next) = next {
                    @if next.at_the_latest { " · next look within " } @else { " · next look in " } (until(next.at))
                }
                @if let Some(end) = waiting.until { " · at most until " (time(end)) }
            }
        }
    }

    /// A tab for each attempt.
    pub(crate) fn tabs(&self) -> Markup {
        let attempts = self.watched.story.attempts();
        html! {
            @if attempts.len() > 1 {
                nav.tabs aria-label="Attempts" {
                    @for attempt in attempts {
                        a href={ (self.url()) "?attempt=" (attempt.number) } aria-current=[(attempt.number == self.number()).then_some("true")] {
                            "Attempt " (attempt.number)
                            @if let Some(status) = &attempt.status { " " (badge(status)) }
                        }
                    }
                }
            }
            @if let Some(reason) = self.attempt().and_then(|attempt| attempt.reason.as_ref()).filter(|_| attempts.len() > 1) {
                pre.cause { (reason) }
            }
        }
    }

    pub(crate) fn graph(&self) -> Markup {
        let link = |visit: &Visit| format!("{}/states/{}", self.url(), visit.first);
        graph::draw(&self.watched.graph, &self.watched.layout, &self.visits(), link)
    }

    pub(crate) fn timeline(&self) -> Markup {
        let (story, number, now) = (&self.watched.story, self.number(), Timestamp::now());
        let Some(from) = self.visits().first().map(|visit| visit.entered) else {
            return html! { p.quiet { "Nothing has happened yet." } };
        };
        let mut rows = timeline::states(story, number, now);
        let instance = self.instance();
        let changes =
            self.backstage.zip(instance).map(|(backstage, instance)| backstage.changes(&instance.id));
        let (record, changes) = (self.watched.record(number), changes.unwrap_or_default());
        rows.extend(timeline::lanes(
            Known { story, attempt: number, record: &record },
            instance,
            &changes,
            now,
        ));
        timeline::draw(&rows, from, now)
    }

    /// What can happen to its instance.
    pub(crate) fn incidents(&self) -> Markup {
        html! { @for instance in &self.watched.instances { (backstage::incidents(instance, &self.url())) } }
    }

    /// What the sandbox has noted of it.
    pub(crate) fn notes(&self) -> Markup {
        html! { @if let Some(backstage) = self.backstage { (backstage::notes(&backstage.of(self.watched), false)) } }
    }

    /// The output of the commands, and a field to search in it.
    fn output(&self) -> Markup {
        let lines = self.lines();
        let first = lines.len().saturating_sub(LINES);
        html! {
            div.title {
                h2 #output-title { "Output of the commands" }
                label { span.hidden { "Search in the output" } input #log-search type="search" placeholder="Search" data-filters="#log"; }
                label { input #log-follow type="checkbox" checked; " follow" }
            }
            div #log.log role="log" aria-live="off" tabindex="0" aria-label="Output" {
                @if first > 0 { p.quiet { (first) " earlier lines are not shown" } }
                @for line in &lines[first..] { (log_line(line)) }
            }
            (self.aws_logs())
        }
    }

    fn aws_logs(&self) -> Markup {
        let command = self.attempt().and_then(|attempt| attempt.command.as_ref());
        let place = |start: &str| command?.logs.iter().find_map(|place| place.strip_prefix(start));
        let line = match (place("cloudwatch:"), place("s3://")) {
            (Some(place), _) => {
                let (group, stream) = place.rsplit_once(':').unwrap_or((place, ""));
                format!("aws logs tail {} --log-stream-name-prefix {}", quoted(group), quoted(stream))
            }
            (None, Some(place)) => format!("aws s3 cp --recursive {} .", quoted(&format!("s3://{place}"))),
            (None, None) => return html! {},
        };
        aws_line(&line)
    }

    /// The stays in states, for those who cannot see the timeline, and as the way to each of them.
    pub(crate) fn table(&self) -> Markup {
        let from = self.watched.execution.started;
        html! {
            table.visits {
                thead { tr { @for heading in ["State", "", "After", "Took", "Tries", "Last error"] { th scope="col" { (heading) } } } }
                tbody { @for visit in self.visits() { (self.visit_row(visit, from)) } }
            }
        }
    }

    fn visit_row(&self, visit: &Visit, from: Timestamp) -> Markup {
        let standing = visit.standing();
        let end = visit.left.or(self.watched.story.ended());
        html! {
            tr {
                td { a href={ (self.url()) "/states/" (visit.first) } { (visit.state) } }
                td { span.standing.(standing.class()) { span.sign aria-hidden="true" { (standing.sign()) } (standing.word()) } }
                td.number { (duration(visit.entered.duration_since(from))) }
                td.number { @match end { Some(end) => (duration(end.duration_since(visit.entered))), None => (since(visit.entered)) } }
                td.number { @if !visit.tries.is_empty() { (visit.tries.len()) } }
                td.why { @if let Some((error, message)) = visit.error() { b { (error) } " " (first_line(message)) } }
            }
        }
    }

    /// What the execution has in EC2, and the object that it promised.
    pub(crate) fn things(&self) -> Markup {
        let record = self.watched.record(self.number());
        let ran = record["commands_started_at"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let region = self.watched.region(self.client);
        html! {
            @if self.watched.instances.is_empty() { p.quiet { "EC2 shows no instance of this execution." } } @else {
                table {
                    thead { tr { @for heading in ["Instance", "State", "Type", "Zone", "Attempt", "Launched"] { th scope="col" { (heading) } } } }
                    tbody { @for instance in &self.watched.instances { tr {
                        td.id { (instance.id) } td { (instance.state) } td { (instance.instance_type) " · " (instance.market) }
                        td { (instance.zone) } td.number { @if let Some(attempt) = instance.attempt { (attempt) } }
                        td { @if let Some(launched) = instance.launched { (time(launched)) } }
                    } } }
                }
            }
            @for volume in &self.watched.volumes {
                p { "volume " span.id { (volume.id) } ", " (volume.size) " GiB, " (volume.state) @if let Some(instance) = &volume.instance { ", at " span.id { (instance) } } }
            }
            @match &self.watched.objects {
                Err(why) => p.quiet { "its objects cannot be seen: " (why) },
                Ok(objects) => @for object in objects {
                    p { "object " span.id { (object.place) } ", " (object.size) " bytes, written "
                        @if let Some(written) = object.written { (time(written)) (against(written, ran)) } }
                },
            }
            (aws_line(&format!("aws ec2 describe-instances --region {region} --filters {}", quoted(&format!("Name=tag:ec2-ops:execution,Values={}", self.watched.execution.arn)))))
        }
    }
}

/// How the time of an object compares with the start of the attempt's commands: an older one proves nothing.
fn against(written: Timestamp, ran: Option<Timestamp>) -> Markup {
    html! {
        @if let Some(ran) = ran {
            // S3 has whole seconds.
            @if written.as_second() >= ran.as_second() { span.good { " · after the start of the commands" } }
            @else { span.bad { " · before the start of the commands at " (time(ran)) } }
        }
    }
}

fn legend() -> Markup {
    use crate::story::Standing::{Caught, Done, Failed, NotReached, Running, Waiting};
    html! {
        ul.legend aria-label="Signs" {
            @for standing in [Done, Running, Waiting, Caught, Failed, NotReached] {
                li.standing.(standing.class()) { span.sign aria-hidden="true" { (standing.sign()) } (standing.word()) }
            }
        }
    }
}

/// A line of output.
pub(crate) fn log_line(line: &Line) -> Markup {
    html! { div.err[line.stream == Stream::Stderr] data-text=(line.text) { (line.text) } }
}

/// A line of output as the stream of events carries it.
pub(crate) fn line_json(line: &Line) -> Value {
    Value::from(vec![line.stream.as_str(), line.text.as_str()])
}
