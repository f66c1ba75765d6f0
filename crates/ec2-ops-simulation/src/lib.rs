//! The real steps and the real state machine in one process, over the sandbox's account, in virtual time.
//!
//! Four worlds, each of which answers a question:
//!
//! | module | question |
//! |---|---|
//! | [`simulate`](mod@simulate) | does any schedule of faults break a promise? |
//! | [`trial`] | does a planned fault have the same result in process and over HTTP? |
//! | [`scale`] | what do AWS's quotas do to thousands of executions at once? |
//! | [`rehearsal`] | which calls, invocations and state transitions does an undisturbed execution need? |
//!
//! And what they are made of:
//!
//! | module | content |
//! |---|---|
//! | [`ports`] | the core's ports over the account, and the gate that each call passes |
//! | `harness` | an account with a deployment, its functions and its machines, and virtual time |
//! | `faults` | the kinds of faults; by chance, for `simulate`; by plan, for `trial` |
//! | `safeguards` | the product with one safeguard taken away |
//! | `schedule` | what a seed decides in advance, and guests that follow it |
//! | `invariants` | the promises, checked against what happened |

mod faults;
mod harness;
mod invariants;
pub mod ports;
pub mod rehearsal;
mod safeguards;
pub mod scale;
mod schedule;
pub mod simulate;
#[cfg(unix)]
pub mod trial;

pub use faults::PlannedGate;
