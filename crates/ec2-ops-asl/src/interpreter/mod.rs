//! Runs a state machine: one state after the other, on tokio's clock.

mod choice;
mod environment;
mod execution;
mod retry;
mod run;
mod states;
mod task;
mod visit;

pub use environment::{Environment, Invocation};
pub use execution::Execution;

#[cfg(test)]
mod tests;
