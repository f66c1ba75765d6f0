//! Loads a whole machine.

mod choice;
mod fields;
mod json;
mod map;
mod retry;
mod states;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::graph;
use super::machine::{MAX_SECONDS, StateId, StateMachine};
use super::problems::{InvalidDefinition, Problems};
use crate::data::path::field_of;
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
    if let Some(machine) = &machine {
        check_names(machine, problems);
    }
    machine
}

/// Reports each name that two states have: a name is unique in the whole machine, and not only beside its neighbours.
fn check_names(machine: &StateMachine, problems: &Problems) {
    let mut names = BTreeSet::new();
    for state in machine.all_states().into_iter().filter(|state| !names.insert(&*state.name)) {
        problems.report("$.States", format!("more than one state has the name '{}'", state.name));
    }
}

/// The machine whose `States` are `value`, a field of `fields`.
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
    let at = fields.path_of("States");
    let ids: StateIds<'_> =
        object.keys().enumerate().map(|(index, name)| (name.as_str(), StateId(index))).collect();
    let states: Vec<_> = object
        .iter()
        .map(|(name, state)| states::state(field_of(&at, name), name, state, &ids, problems))
        .collect();
    let start_at = fields.target("StartAt", &ids)?;
    let machine = StateMachine { start_at, states: states.into_iter().collect::<Option<_>>()?, timeout };
    graph::check(&machine, &at, problems);
    Some(machine)
}
