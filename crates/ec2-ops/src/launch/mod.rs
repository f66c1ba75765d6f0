//! What a launch asks EC2 for, and what EC2's refusal means.

mod candidates;
mod plan;
mod refusal;

pub use candidates::Tried;
pub(crate) use candidates::{Candidate, candidates, tried};
pub(crate) use plan::plan;
pub(crate) use refusal::{Visit, refusal};
