//! `cargo ops ARGS…`: builds the local runner with the Lambdas beside it, and becomes `ec2-ops ARGS…`.
#![expect(clippy::print_stderr, reason = "a command speaks to a terminal")]

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use cargo_ops::{NOT_RUN, cargo, succeed};

/// The runner and the Lambdas in one build, so that the SDK compiles once for both.
const BUILD: [&str; 4] = ["build", "--bins", "--workspace", "--exclude=cargo-ops"];

fn main() -> ExitCode {
    let Err(message) = run();
    eprintln!("{message}");
    ExitCode::FAILURE
}

fn run() -> Result<std::convert::Infallible, String> {
    succeed(cargo().args(BUILD).args(NOT_RUN.map(|package| format!("--exclude={package}"))))?;
    let own = std::env::current_exe().map_err(|error| format!("cannot find this executable: {error}"))?;
    let runner = own.with_file_name("ec2-ops");
    let error = Command::new(&runner).args(std::env::args_os().skip(1)).exec();
    Err(format!("cannot run {}: {error}", runner.display()))
}
