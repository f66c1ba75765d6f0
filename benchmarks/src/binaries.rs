//! The Lambdas as they are deployed.

use std::path::{Path, PathBuf};
use std::process::Command;

use ec2_ops_sandbox::deployment::FUNCTIONS;

/// Names a directory with Lambda binaries that are built already, where a build of minutes is not wanted.
const BUILT: &str = "EC2_OPS_LAMBDAS";
/// The profile of deployed Lambdas, in the root `Cargo.toml`.
const PROFILE: &str = "lambda";

/// The directory of the five binaries, which are named like their packages. It is named like their profile.
///
/// Each is built on its own: together with others, each would link the services of all.
pub(crate) fn lambdas() -> Result<PathBuf, String> {
    if let Some(built) = std::env::var_os(BUILT) {
        return Ok(built.into());
    }
    for function in FUNCTIONS {
        let arguments = ["build", "--profile", PROFILE, "--package", function.package];
        succeed(Command::new(cargo()).args(arguments))?;
    }
    let own = std::env::current_exe().map_err(|error| format!("cannot tell where the build is: {error}"))?;
    // Benchmarks are in `target/release/deps`.
    let target = own.ancestors().nth(3).unwrap_or(Path::new("."));
    Ok(target.join(PROFILE))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs `command` with our terminal.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().display().to_string();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} failed: {status}")),
        Err(error) => Err(format!("cannot start {program}: {error}")),
    }
}
