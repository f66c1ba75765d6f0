//! Instances as real processes: what scripts see, what they report, and that nothing outlives an instance.
#![cfg(target_os = "linux")]
// Clippy knows only test functions themselves as tests, not their helpers.
#![allow(clippy::expect_used, clippy::panic)]

mod aws;
mod harness;
mod image;
mod lifetime;
mod power;
mod scripts;
