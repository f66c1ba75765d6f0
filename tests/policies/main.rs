//! `terraform/policies*.tf`, held to what the functions do: read as Terraform reads it, rendered for people, and put to use.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should fail"
)]

mod functions;
mod page;
mod render;
mod use_of_rights;
