//! The states of a definition, and what leads from one to another.

use std::collections::HashMap;

use serde_json::Value;

/// The states and the transitions of a state machine.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// By index, in the order of the definition.
    pub(crate) states: Vec<String>,
    pub(crate) edges: Vec<Edge>,
    /// The index of the first state.
    pub(crate) start: usize,
}

/// What leads from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: Kind,
}

/// What leads there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The end of the state, or no choice.
    Next,
    Choice,
    /// An error.
    Catch,
}

impl Graph {
    /// Reads `definition`, which Step Functions has accepted. What does not fit is left out.
    pub(crate) fn of(definition: &Value) -> Self {
        let Some(states) = definition["States"].as_object() else { return Self::default() };
        let names: Vec<_> = states.keys().cloned().collect();
        let index: HashMap<_, _> =
            names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let mut edges: Vec<Edge> = Vec::new();
        for (from, state) in states.values().enumerate() {
            let next = |value: &Value| value["Next"].as_str().and_then(|name| index.get(name)).copied();
            let targets = |field: &str| {
                state[field].as_array().into_iter().flatten().filter_map(next).collect::<Vec<_>>()
            };
            let default = state["Default"].as_str().and_then(|name| index.get(name)).copied();
            let all = [
                (Kind::Next, next(state).into_iter().chain(default).collect()),
                (Kind::Choice, targets("Choices")),
                (Kind::Catch, targets("Catch")),
            ];
            for (kind, to) in all.into_iter().flat_map(|(kind, to)| to.into_iter().map(move |to| (kind, to)))
            {
                if to != from && !edges.iter().any(|edge| edge.from == from && edge.to == to) {
                    edges.push(Edge { from, to, kind });
                }
            }
        }
        let start = definition["StartAt"].as_str().and_then(|name| index.get(name)).copied().unwrap_or(0);
        Self { edges, start, states: names }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_the_deployment_and_their_transitions_are_read() {
        let definition = include_str!("../../../../state_machine/run_commands.asl.json");
        let graph = Graph::of(&serde_json::from_str(definition).unwrap());
        let index = |name: &str| graph.states.iter().position(|state| state == name).unwrap();
        assert_eq!(graph.start, index("Begin"));
        for (from, to, kind) in [
            ("EC2Poller", "RunChecker", Kind::Next),
            ("EC2Poller", "AttemptOver", Kind::Catch),
            ("Decide", "Succeeded", Kind::Next),
            ("Decide", "Backoff", Kind::Choice),
            ("EC2Stopper", "CleanupFailed", Kind::Catch),
        ] {
            assert!(graph.edges.contains(&Edge { from: index(from), to: index(to), kind }), "{from} {to}");
        }
    }
}
