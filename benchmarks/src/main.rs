//! Measures how lean the Lambdas are.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command speaks to a terminal")]

mod lean;
mod report;
mod statistics;

use std::process::ExitCode;

fn main() -> ExitCode {
    match (lean::CHAPTER.measure)() {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
