//! `cargo ops`: the local runner, with the real Lambdas beside it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::{cargo, succeed};

/// The whole workspace's binaries in one go, so that the SDK and the runner compile side by side.
///
/// There are no examples. Asking for them makes cargo choose the features of dependencies as for `cargo test`, so that the
/// two commands share one build of the SDK, which takes minutes.
const BUILD: [&str; 6] = ["build", "--workspace", "--exclude", "xtask", "--bins", "--examples"];

/// Builds everything, then becomes `ec2-ops`.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    succeed(cargo().args(BUILD))?;
    let own = std::env::current_exe().map_err(|error| format!("cannot tell where the build is: {error}"))?;
    let runner = own.with_file_name("ec2-ops");
    let error = Command::new(&runner).args(arguments).exec();
    Err(format!("cannot run {}: {error}", runner.display()))
}
