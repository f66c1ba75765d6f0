//! `cargo ops ARGS…`: builds the local runner with the Lambdas beside it, and becomes `ec2-ops ARGS…`.
#![expect(clippy::print_stderr, reason = "a command speaks to a terminal")]

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use cargo_ops::{cargo, succeed};

/// The whole workspace's binaries in one build, so that the SDK and the runner compile side by side.
///
/// The workspace has no examples. `--examples` makes cargo choose the features of dependencies as for `cargo test`, so that
/// the two commands share one build of the SDK, which takes minutes.
const BUILD: [&str; 8] =
    ["build", "--workspace", "--exclude", "cargo-ops", "--exclude", "xtask", "--bins", "--examples"];

fn main() -> ExitCode {
    let Err(message) = run();
    eprintln!("{message}");
    ExitCode::FAILURE
}

fn run() -> Result<std::convert::Infallible, String> {
    succeed(cargo().args(BUILD))?;
    let own = std::env::current_exe().map_err(|error| format!("cannot find this executable: {error}"))?;
    let runner = own.with_file_name("ec2-ops");
    let error = Command::new(&runner).args(std::env::args_os().skip(1)).exec();
    Err(format!("cannot run {}: {error}", runner.display()))
}
