//! Runs a state machine: one state after the other, on tokio's clock.

mod choice;
mod environment;
mod execution;
mod handling;
mod items;
mod map;
mod map_run;
mod nested;
mod results;
mod retry;
mod run;
mod states;
mod task;
mod visit;

pub use environment::{Environment, Invocation};
pub use execution::Execution;
pub use map_run::{MapRun, MapRunCounts, MapRunState, MapRunUpdate};
pub use nested::StartExecution;

#[cfg(test)]
mod tests;
