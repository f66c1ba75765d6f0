//! What a seed decides in advance: the documents, what their commands do, and what goes wrong with their instances.
//!
//! A [`Schedule`] is of one account. It has a [`Scenario`] for each execution, with an [`InstanceScenario`] for each of its
//! instances, which [`ScheduledGuests`] carry out.

mod account;
mod fleet;
mod guests;
mod instance;
mod instance_faults;
mod scenario;
mod script_run;

pub(crate) use account::Schedule;
pub(crate) use fleet::{FleetPlan, FleetStop};
pub(crate) use guests::ScheduledGuests;
pub(crate) use instance::InstanceScenario;
pub(crate) use scenario::{Abort, BUCKET, IMAGES, InputScenario, OTHER_REGION, Scenario};
pub(crate) use script_run::{InstanceHistory, ScriptRun};
