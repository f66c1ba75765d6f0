//! Instances as real processes: what scripts see, what they report, and that nothing outlives an instance.
#![cfg(target_os = "linux")]

mod aws;
mod harness;
mod image;
mod lifetime;
mod power;
mod scripts;
