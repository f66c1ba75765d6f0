//! What every world is made of: an account with a deployment, its functions, its machines, and virtual time.
//!
//! | a world has | from | its own part is |
//! |---|---|---|
//! | an account, deployed to | [`World`] | the configuration of the account, and when events arrive |
//! | the five functions | [`Function`] | an [`Invocation`]: the gate of the calls, and what surrounds the step |
//! | machines | [`Machines`] | its [`Guests`]: what happens on an instance that is on |
//! | executions | [`executions`] | their documents, and what happens to them from outside |
//! | a clock | [`virtual_time`] | nothing |

pub(crate) mod executions;
mod functions;
mod machines;
mod steps;
pub(crate) mod virtual_time;
mod world;

pub(crate) use functions::{Function, Invocation};
pub(crate) use machines::{Guests, Machines, PowerCycle, script_end};
pub(crate) use world::World;
