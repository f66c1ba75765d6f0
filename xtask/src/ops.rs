//! `cargo ops`: the local runner, with the real Lambdas beside it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::{LAMBDAS, cargo, succeed};

/// Builds everything in one go, so that the SDK and the runner compile side by side, then becomes `ec2-ops`.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    let packages = LAMBDAS.iter().map(|lambda| lambda.package).chain(["ec2-ops-cli"]);
    succeed(cargo().arg("build").args(packages.flat_map(|package| ["--package", package])))?;
    let own = std::env::current_exe().map_err(|error| format!("cannot tell where the build is: {error}"))?;
    let runner = own.with_file_name("ec2-ops");
    let error = Command::new(&runner).args(arguments).exec();
    Err(format!("cannot run {}: {error}", runner.display()))
}
