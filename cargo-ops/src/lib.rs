//! How this workspace's own commands run cargo.

use std::process::Command;

/// The packages that no execution in the sandbox needs, beside this one.
///
/// Without them the dependencies of the tests and of the benchmarks are not built. The package `shared-features` makes up
/// for the features that those add, so that `cargo ops` and `cargo test` share one build of the SDK, which takes minutes.
pub const NOT_RUN: [&str; 4] = ["ec2-ops-benchmarks", "ec2-ops-tests", "empty-function", "xtask"];

/// The cargo that runs us, without the variables that it set for us: `ring` compiles again whenever `CARGO_PKG_NAME` or a
/// variable like it has changed.
pub fn cargo() -> Command {
    const OURS: [&str; 5] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if OURS.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs `command` with our terminal. A command that fails is an error.
pub fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed: {status}", command.get_program().display()))
    }
}
