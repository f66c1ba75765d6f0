//! Loads a whole machine.

mod choice;
mod fields;
mod json;
mod retry;
mod states;

use std::time::Duration;

use serde_json::Value;

use super::graph;
use super::machine::{MAX_SECONDS, StateId, StateMachine};
use super::problems::{InvalidDefinition, Problems};
use fields::{Fields, StateIds};

impl StateMachine {
    /// Loads the definition `text`. A field, type or function that this crate does not model is a problem, and every
    /// problem is reported.
    pub fn parse(text: &str) -> Result<Self, InvalidDefinition> {
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
}

fn machine(value: &Value, problems: &Problems) -> Option<StateMachine> {
    let fields = Fields::new(value, "$", problems)?;
    fields.string("Comment");
    if let Some(version) = fields.string("Version").filter(|version| *version != "1.0") {
        fields.report("Version", format!("expected '1.0', found '{version}'"));
    }
    fields.query_language();
    let timeout = fields.integer("TimeoutSeconds", 1..=MAX_SECONDS).map(Duration::from_secs);
    let states = fields.require("States");
    fields.require("StartAt");
    let machine = states.and_then(|states| with_states(&fields, states, timeout, problems));
    fields.finish("a state machine");
    machine
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
