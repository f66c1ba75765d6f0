//! Loads a whole machine.

use std::time::Duration;

use serde_json::Value;

use super::fields::{Fields, StateIds};
use super::problems::{InvalidDefinition, Problems};
use super::{StateId, StateMachine, graph, json, states};

/// The longest timeout, in seconds, that AWS takes (about three years).
pub(crate) const MAX_SECONDS: u64 = 99_999_999;

pub(super) fn state_machine(text: &str) -> Result<StateMachine, InvalidDefinition> {
    let problems = Problems::default();
    let machine = match json::parse(text) {
        Ok(value) => machine(&value, &problems),
        Err(error) => {
            problems.report("$", format!("not valid JSON: {error}"));
            None
        }
    };
    let problems = problems.into_vec();
    match machine {
        Some(machine) if problems.is_empty() => Ok(machine),
        _ => Err(InvalidDefinition { problems }),
    }
}

fn machine(value: &Value, problems: &Problems) -> Option<StateMachine> {
    let fields = Fields::new(value, "$", problems)?;
    fields.string("Comment");
    if let Some(version) = fields.string("Version").filter(|version| *version != "1.0") {
        fields.report("Version", format!("expected '1.0', found '{version}'"));
    }
    query_language(&fields);
    let timeout = fields.integer("TimeoutSeconds", 1..=MAX_SECONDS).map(Duration::from_secs);
    let states = fields.require("States");
    fields.require("StartAt");
    let machine = states.and_then(|states| with_states(&fields, states, timeout, problems));
    fields.finish("a state machine");
    machine
}

/// Only the `JSONPath` dialect is modelled.
pub(super) fn query_language(fields: &Fields<'_>) {
    if let Some(language) = fields.string("QueryLanguage").filter(|language| *language != "JSONPath") {
        fields.report("QueryLanguage", format!("only 'JSONPath' is supported, found '{language}'"));
    }
}

fn with_states(
    fields: &Fields<'_>,
    value: &Value,
    timeout: Option<Duration>,
    problems: &Problems,
) -> Option<StateMachine> {
    let Value::Object(object) = value else {
        fields.report("States", format!("expected an object, found {value}"));
        return None;
    };
    let ids: StateIds<'_> =
        object.keys().enumerate().map(|(index, name)| (name.as_str(), StateId(index))).collect();
    let states: Vec<_> =
        object.iter().map(|(name, state)| states::state(name, state, &ids, problems)).collect();
    let start_at = fields.target("StartAt", &ids)?;
    let machine = StateMachine { start_at, states: states.into_iter().collect::<Option<_>>()?, timeout };
    graph::check(&machine, problems);
    Some(machine)
}
