//! IAM: whether the role of a function allows what the function calls.
//!
//! The roles are those of `terraform/policies*.tf`, as `docs/policies.md` has them rendered. Only the
//! policy language of that page is modelled: statements that allow, actions by their full names, patterns of resources,
//! `StringEquals`, `StringLike` and `StringLikeIfExists`; anything else does not parse. There are only identity policies: bucket and key policies, permission
//! boundaries, service control policies and sessions can each refuse on AWS what is allowed here. The resources and
//! condition keys of each call are in [`call`], after the Service Authorization Reference.

mod call;
mod launch;
mod lookup;
mod pattern;
mod policy;
mod role;
#[cfg(test)]
mod tests;

pub use call::On;
pub use role::{Asked, Role};
