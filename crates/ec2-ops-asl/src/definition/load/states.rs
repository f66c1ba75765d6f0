//! Loads one state.

use serde_json::Value;

use super::fields::{Fields, StateIds};
use super::{choice, map, retry};
use crate::data::path::Path;
use crate::data::template::Template;
use crate::definition::machine::{
    Body, Choice, Fail, Handling, MAX_SECONDS, Pass, Quantity, Resource, State, Task, Text, Transition,
    Until, Wait,
};
use crate::definition::problems::Problems;
use crate::definition::rule::timestamp;
use crate::suggestion::did_you_mean;

const MAX_NAME_CHARACTERS: usize = 80;
const TYPES: [&str; 7] = ["Task", "Map", "Choice", "Pass", "Wait", "Succeed", "Fail"];

pub(super) fn state(
    at: String,
    name: &str,
    value: &Value,
    states: &StateIds<'_>,
    problems: &Problems,
) -> Option<State> {
    let fields = Fields::new(value, at, problems)?;
    let characters = name.chars().count();
    if !(1..=MAX_NAME_CHARACTERS).contains(&characters) {
        fields.report_all(format!(
            "expected a name of 1 to {MAX_NAME_CHARACTERS} characters, found {characters}"
        ));
    }
    fields.string("Comment");
    fields.query_language();
    fields.require("Type")?;
    let kind = fields.string("Type")?;
    if !TYPES.contains(&kind) {
        let hint = did_you_mean(kind, TYPES);
        fields.report(
            "Type",
            format!("type '{kind}' is not supported{hint}; supported are {}", TYPES.join(", ")),
        );
        return None;
    }
    // A Fail state has neither; everywhere else they default to the whole document.
    let (input_path, output_path) = match kind {
        "Fail" => (Some(Path::input()), Some(Path::input())),
        _ => (fields.selection("InputPath"), fields.selection("OutputPath")),
    };
    let body = body(kind, &fields, states, problems);
    fields.finish(&format!("a {kind} state"));
    Some(State { name: name.into(), input_path, output_path, body: body? })
}

fn body(kind: &str, fields: &Fields<'_>, states: &StateIds<'_>, problems: &Problems) -> Option<Body> {
    match kind {
        "Task" => task(fields, states).map(Body::Task),
        "Map" => map::map(fields, states, problems).map(|map| Body::Map(Box::new(map))),
        "Choice" => choice(fields, states).map(Body::Choice),
        "Pass" => pass(fields, states).map(Body::Pass),
        "Wait" => wait(fields, states).map(Body::Wait),
        "Succeed" => Some(Body::Succeed),
        _ => Some(Body::Fail(fail(fields))),
    }
}

/// `Next` or `End`.
fn transition(fields: &Fields<'_>, states: &StateIds<'_>) -> Option<Transition> {
    let next = fields.target("Next", states).map(Transition::Next);
    let end = fields.boolean("End");
    match (fields.has("Next"), end) {
        (true, None) => next,
        (false, Some(true)) => Some(Transition::End),
        (true, Some(_)) => {
            fields.report_all("only one of 'Next' and 'End' is allowed");
            None
        }
        (false, Some(false)) => {
            fields.report("End", "expected true, found false");
            None
        }
        (false, None) => {
            if !fields.has("End") {
                fields.report_all("'Next' or 'End' is required");
            }
            None
        }
    }
}

fn task(fields: &Fields<'_>, states: &StateIds<'_>) -> Option<Task> {
    let resource = resource(fields);
    fields.get("Parameters");
    let parameters = resource.and_then(|resource| parameters(fields, resource));
    let timeout = fields.quantity("TimeoutSeconds", "TimeoutSecondsPath", 1..=MAX_SECONDS);
    let heartbeat = fields.quantity("HeartbeatSeconds", "HeartbeatSecondsPath", 1..=MAX_SECONDS);
    check_heartbeat(fields, resource, timeout.as_ref(), heartbeat.as_ref());
    let handling = handling(fields, states);
    Some(Task { resource: resource?, parameters: parameters?, timeout, heartbeat, handling: handling? })
}

/// What becomes of a result and of a failure.
pub(super) fn handling(fields: &Fields<'_>, states: &StateIds<'_>) -> Option<Handling> {
    let result_selector = result_selector(fields);
    let result_path = fields.result_path();
    let retry = retry::retriers(fields);
    let catch = retry::catchers(fields, states);
    let then = transition(fields, states);
    Some(Handling { result_selector, result_path, retry, catch, then: then? })
}

fn resource(fields: &Fields<'_>) -> Option<Resource> {
    fields.require("Resource")?;
    let arn = fields.string("Resource")?;
    let found = Resource::ARNS.iter().find(|(known, _)| *known == arn);
    if found.is_none() {
        let arns = Resource::ARNS.map(|(known, _)| known);
        fields.report(
            "Resource",
            format!("resource '{arn}' is not supported; supported are {}", arns.join(", ")),
        );
    }
    found.map(|(_, resource)| *resource)
}

/// The parameters of the API that `resource` calls. The first names its target.
fn parameters(fields: &Fields<'_>, resource: Resource) -> Option<Template> {
    let inner = fields.inner(fields.require("Parameters")?, fields.path_of("Parameters"))?;
    for (name, dynamic) in resource.parameters() {
        inner.at_most_one(&[name, dynamic]);
        inner.get(name);
        inner.get(dynamic);
    }
    if let [(name, dynamic), ..] = resource.parameters() {
        inner.string(dynamic);
        let target = inner.string(name);
        if !inner.has(name) && !inner.has(dynamic) {
            inner.report_all(format!("'{name}' is required"));
        } else if target.is_some_and(str::is_empty) {
            inner.report(name, "expected a name or an ARN, found an empty string");
        }
    }
    inner.finish(&format!("the parameters of {}:{}", resource.service(), resource.name()));
    fields.template("Parameters")
}

fn result_selector(fields: &Fields<'_>) -> Option<Template> {
    let value = fields.get("ResultSelector")?;
    fields.inner(value, fields.path_of("ResultSelector"))?;
    fields.template("ResultSelector")
}

fn check_heartbeat(
    fields: &Fields<'_>,
    resource: Option<Resource>,
    timeout: Option<&Quantity>,
    heartbeat: Option<&Quantity>,
) {
    if heartbeat.is_some() && resource.is_some_and(|resource| resource != Resource::InvokeWaitForTaskToken) {
        fields.report_all(
            "a heartbeat needs a task token: expected the resource lambda:invoke.waitForTaskToken",
        );
    }
    if let (Some(Quantity::Fixed(timeout)), Some(Quantity::Fixed(heartbeat))) = (timeout, heartbeat)
        && heartbeat >= timeout
    {
        fields.report(
            "HeartbeatSeconds",
            format!("expected less than TimeoutSeconds ({timeout}), found {heartbeat}"),
        );
    }
}

fn choice(fields: &Fields<'_>, states: &StateIds<'_>) -> Option<Choice> {
    let rules = fields.non_empty_array("Choices").map(|elements| {
        elements.filter_map(|(value, at)| choice::top_rule(&fields.inner(value, at)?, states)).collect()
    });
    let default = fields.target("Default", states);
    Some(Choice { rules: rules?, default })
}

fn pass(fields: &Fields<'_>, states: &StateIds<'_>) -> Option<Pass> {
    fields.at_most_one(&["Result", "Parameters"]);
    let parameters = fields.template("Parameters");
    let result = fields.get("Result").cloned();
    let result_path = fields.result_path();
    let then = transition(fields, states);
    Some(Pass { parameters, result, result_path, then: then? })
}

fn wait(fields: &Fields<'_>, states: &StateIds<'_>) -> Option<Wait> {
    const WAYS: [&str; 4] = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
    let until = until(fields);
    if WAYS.iter().filter(|way| fields.has(way)).count() != 1 {
        fields.report_all(format!("exactly one of '{}' is required", WAYS.join("', '")));
    }
    let then = transition(fields, states);
    Some(Wait { until: until?, then: then? })
}

fn until(fields: &Fields<'_>) -> Option<Until> {
    let seconds = fields.integer("Seconds", 0..=MAX_SECONDS).map(Quantity::Fixed);
    let seconds = seconds.or(fields.path("SecondsPath").map(Quantity::Path));
    let timestamp = fields.string("Timestamp").and_then(|text| {
        timestamp(text).or_else(|| {
            fields.report(
                "Timestamp",
                format!("expected an RFC 3339 timestamp like 2016-03-14T01:59:00Z, found '{text}'"),
            );
            None
        })
    });
    let timestamp_path = fields.path("TimestampPath");
    seconds
        .map(Until::Seconds)
        .or(timestamp.map(Until::Timestamp))
        .or(timestamp_path.map(Until::TimestampPath))
}

fn fail(fields: &Fields<'_>) -> Fail {
    fields.at_most_one(&["Error", "ErrorPath"]);
    fields.at_most_one(&["Cause", "CausePath"]);
    Fail { error: text(fields, "Error", "ErrorPath"), cause: text(fields, "Cause", "CausePath") }
}

fn text(fields: &Fields<'_>, name: &'static str, path_name: &'static str) -> Option<Text> {
    let fixed = fields.string(name).map(|text| Text::Fixed(text.into()));
    let dynamic = fields.dynamic(path_name).map(Text::Dynamic);
    fixed.or(dynamic)
}
