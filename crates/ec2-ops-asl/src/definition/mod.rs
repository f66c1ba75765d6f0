//! Definitions: the types of a checked one (`machine`, `rule`), and how one is loaded and checked (`load`, `graph`).

pub(crate) mod graph;
mod load;
mod machine;
mod problems;
pub(crate) mod rule;

pub(crate) use machine::{
    Body, Catcher, Choice, Fail, FileType, Handling, Items, JitterStrategy, MAX_SECONDS, Map, Pass, Quantity,
    ResultWriter, Retrier, State, StateId, Task, Text, Transition, Until, Wait,
};
pub use machine::{Resource, StateMachine};
pub use problems::{InvalidDefinition, Problem};

#[cfg(test)]
mod tests;
