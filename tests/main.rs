//! End to end: the built `ec2-ops` command and Lambdas, a sandbox, real processes.
//!
//! Each test checks what a user sees. At its end the account is empty, and no process is left.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot continue should fail"
)]

mod harness;

mod aws_cli;
mod bad_input;
mod browser;
mod calls;
mod command;
mod conformance;
mod console;
mod corpus;
mod examples;
mod faults;
mod fleets;
mod hard_commands;
mod interruptions;
mod readme;
mod redrives;
mod regions;
mod smoke;
mod streams;
mod triggers;
mod verbs;
