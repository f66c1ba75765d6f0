//! What goes wrong between the functions and AWS.
//!
//! By chance, for simulations ([`Faults`], [`FaultyGate`]): a seed draws a fault for each call and each event, as likely as a
//! [`Mix`] says. By plan, for trials ([`PlannedGate`]): this call of that function fails in that way.

mod chance;
mod gate;
mod kind;
mod mix;
mod other_error;
mod planned_gate;

pub(crate) use chance::Faults;
pub(crate) use gate::FaultyGate;
pub use kind::{FaultKind, InstanceFault};
pub(crate) use mix::Mix;
pub use other_error::OtherError;
pub use planned_gate::PlannedGate;
