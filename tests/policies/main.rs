//! Checks `terraform/policies*.tf`: evaluates them as Terraform does, renders `docs/policies.md`, and compares the rights with
//! the calls of the functions.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot continue should fail"
)]

mod functions;
mod page;
mod render;
mod use_of_rights;
