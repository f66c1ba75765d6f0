//! End to end: the `ec2-ops` command and the Lambdas as they are built, a sandbox, real processes.
//!
//! Each test is a sentence about what a user sees, and ends with an account that is empty and no process left.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on should fail"
)]

mod harness;

mod aws_cli;
mod bad_input;
mod command;
mod conformance;
mod corpus;
mod examples;
mod faults;
mod hard_commands;
mod interruptions;
