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
/// All are built in one go, from one build of the SDK, as `cargo xtask package` does.
pub(crate) fn lambdas() -> Result<PathBuf, String> {
    if let Some(built) = std::env::var_os(BUILT) {
        return Ok(built.into());
    }
    let packages = FUNCTIONS.map(|function| ["--package", function.package]);
    succeed(cargo().args(["build", "--profile", PROFILE]).args(packages.as_flattened()))?;
    let own = std::env::current_exe().map_err(|error| format!("cannot tell where the build is: {error}"))?;
    // Benchmarks are in `target/release/deps`.
    let target = own.ancestors().nth(3).unwrap_or(Path::new("."));
    Ok(target.join(PROFILE))
}

/// The cargo that runs us, without what it told us of ourselves: build scripts that see a change run again, and much is
/// compiled again for it.
pub(crate) fn cargo() -> Command {
    const OF_OURSELVES: [&str; 5] =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if OF_OURSELVES.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
            cargo.env_remove(name);
        }
    }
    cargo
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
