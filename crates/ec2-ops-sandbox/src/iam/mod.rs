//! IAM: whether the role of a function allows what the function calls.
//!
//! The roles are those of `terraform/policies*.tf`, as `docs/policies.md` has them rendered. Of the policy language only
//! what stands there is modelled: statements that allow, actions by their full names, patterns of resources,
//! `StringEquals`; anything else does not parse. Identity policies are all there is: bucket and key policies, permission
//! boundaries, service control policies and sessions can each refuse what is allowed here. Which resources and which keys
//! a call is judged by stands in [`call`], after the Service Authorization Reference.

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
