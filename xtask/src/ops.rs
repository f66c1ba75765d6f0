//! `cargo ops`: the local runner, with the real Lambdas beside it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::{cargo, succeed};

/// Builds all binaries of the workspace together, so that the SDK and the runner compile in parallel.
///
/// The workspace has no examples. With `--examples`, cargo chooses the features of dependencies as for `cargo test`, so the
/// two commands share one build of the SDK, which takes minutes.
const BUILD: [&str; 6] = ["build", "--workspace", "--exclude", "xtask", "--bins", "--examples"];

/// Builds everything, then becomes `ec2-ops`.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    succeed(cargo().args(BUILD))?;
    let own = std::env::current_exe()
        .map_err(|error| format!("cannot find the directory of the build: {error}"))?;
    let runner = own.with_file_name("ec2-ops");
    let error = Command::new(&runner).args(arguments).exec();
    Err(format!("cannot run {}: {error}", runner.display()))
}
