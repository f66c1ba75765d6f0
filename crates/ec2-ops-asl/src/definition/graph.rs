//! The machine as a graph: which states can be reached, and where the execution can end.

use super::machine::{Body, Handling, State, StateId, StateMachine, Transition};
use super::problems::Problems;
use crate::data::path::field_of;

/// Reports each state that no path reaches, and a machine that cannot end. `at` is the path of its `States`.
pub(super) fn check(machine: &StateMachine, at: &str, problems: &Problems) {
    let reachable = reachable(machine);
    for (state, reachable) in machine.states.iter().zip(&reachable) {
        if !reachable {
            problems.report(field_of(at, &state.name), "no state leads here from StartAt");
        }
    }
    let ends =
        machine.states.iter().zip(&reachable).any(|(state, reachable)| *reachable && is_terminal(state));
    if !ends {
        problems.report(at, "no state that can be reached ends the execution: expected End, Succeed or Fail");
    }
}

/// Where the execution can go after `state`, errors included.
pub(crate) fn successors(state: &State) -> Vec<StateId> {
    let then = |transition: &Transition| match transition {
        Transition::Next(id) => vec![*id],
        Transition::End => Vec::new(),
    };
    let after = |handling: &Handling| {
        let caught = handling.catch.iter().map(|catcher| catcher.next);
        then(&handling.then).into_iter().chain(caught).collect()
    };
    match &state.body {
        Body::Task(task) => after(&task.handling),
        Body::Map(map) => after(&map.handling),
        Body::Choice(choice) => choice.rules.iter().map(|(_, next)| *next).chain(choice.default).collect(),
        Body::Pass(pass) => then(&pass.then),
        Body::Wait(wait) => then(&wait.then),
        Body::Succeed | Body::Fail(_) => Vec::new(),
    }
}

/// Whether the execution ends after `state` when that succeeds, or always for a Fail state.
pub(crate) fn is_terminal(state: &State) -> bool {
    match &state.body {
        Body::Task(task) => task.handling.then == Transition::End,
        Body::Map(map) => map.handling.then == Transition::End,
        Body::Pass(pass) => pass.then == Transition::End,
        Body::Wait(wait) => wait.then == Transition::End,
        Body::Succeed | Body::Fail(_) => true,
        Body::Choice(_) => false,
    }
}

fn reachable(machine: &StateMachine) -> Vec<bool> {
    let mut reachable = vec![false; machine.states.len()];
    let mut open = vec![machine.start_at];
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut reachable[id.0], true) {
            open.extend(successors(machine.state(id)));
        }
    }
    reachable
}
