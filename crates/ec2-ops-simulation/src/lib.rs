//! The real steps and the real state machine in one process, over the sandbox's account, in virtual time.
//!
//! | module | the question it answers |
//! |---|---|
//! | [`simulate`] | does any schedule of faults break a promise? |
//! | [`trial`] | does one planned fault have the same result in process and over HTTP? |
//! | [`scale`] | what do AWS's quotas do to thousands of executions at once? |
//! | [`rehearsal`] | which calls, invocations and state transitions does an undisturbed execution need? |

mod planned_gate;
pub mod ports;
pub mod rehearsal;
pub mod scale;
pub mod simulate;
mod steps;
#[cfg(unix)]
pub mod trial;
mod virtual_time;

pub use planned_gate::PlannedGate;
