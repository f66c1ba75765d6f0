//! `ec2-ops-TARGET.tar.gz`: the command, and beside it the functions that `ec2-ops run` starts.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_ops::{cargo, succeed};

use crate::archive::Archive;
use crate::lambda::LAMBDAS;
use crate::sbom::{self, Packages};
use crate::{files, tools};

/// The package of the command, and its executable.
const COMMAND: (&str, &str) = ("ec2-ops-cli", "ec2-ops");

pub(super) fn archive(out: &Path) -> Result<(), String> {
    let target = this_machine()?;
    let built = build(&target)?;
    let packages = Packages::read()?;
    pack(&target, &built, out, |name, executable| sbom::of(name, executable, &packages))
}

/// Packs the executables in `built`, each with its bill of materials.
fn pack(
    target: &str,
    built: &Path,
    out: &Path,
    sbom: impl Fn(&str, &[u8]) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    let mut archive = Archive::default();
    archive.file("LICENSE", files::read(&files::root().join("LICENSE"))?);
    for name in [COMMAND.1].into_iter().chain(LAMBDAS.iter().map(|lambda| lambda.package)) {
        let executable = files::read(&built.join(name))?;
        archive.file(format!("sbom/{name}.cdx.json"), sbom(name, &executable)?);
        archive.executable(name, executable);
    }
    files::write(&out.join(archive_name(target)), &archive.finish()?)
}

/// `install.sh` and cargo-binstall know it, too.
fn archive_name(target: &str) -> String {
    format!("ec2-ops-{target}.tar.gz")
}

/// Builds for this machine alone. Other systems and architectures have runners of their own.
fn build(target: &str) -> Result<PathBuf, String> {
    tools::AUDITABLE.require()?;
    let directory = files::root().join("target");
    let mut build = cargo();
    build.args(["auditable", "build", "--locked", "--release", "--target", target, "--bins"]);
    build.args(["--package", COMMAND.0]);
    build.args(LAMBDAS.iter().flat_map(|lambda| ["--package", lambda.package]));
    build.arg("--target-dir").arg(&directory);
    succeed(build.envs(tools::without_paths()?))?;
    Ok(directory.join(target).join("release"))
}

/// The target triple of the compiler's own machine.
fn this_machine() -> Result<String, String> {
    let rustc = Command::new("rustc").args(["--print", "host-tuple"]).current_dir(files::root()).output();
    let rustc = rustc.map_err(|error| format!("cannot start rustc: {error}"))?;
    let target = String::from_utf8_lossy(&rustc.stdout).trim().to_owned();
    if rustc.status.success() && !target.is_empty() {
        Ok(target)
    } else {
        Err(format!("rustc does not name its target: {}", String::from_utf8_lossy(&rustc.stderr)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn cargo_binstall_looks_for_the_archive_that_a_release_has() {
        let manifest = files::read_text(&files::root().join("crates/ec2-ops-cli/Cargo.toml")).unwrap();
        let url = format!("\"{{ repo }}/releases/download/v{{ version }}/{}\"", archive_name("{ target }"));
        assert!(manifest.contains(&format!("pkg-url = {url}")), "expected {url}");
    }

    /// An archive of shell scripts in place of the executables.
    pub(crate) fn of_scripts(out: &Path) {
        let built = tempfile::tempdir().unwrap();
        for name in [COMMAND.1].into_iter().chain(LAMBDAS.iter().map(|lambda| lambda.package)) {
            std::fs::write(built.path().join(name), format!("#!/bin/sh\necho {name} 0.0.0\n")).unwrap();
        }
        pack(&this_machine().unwrap(), built.path(), out, |_, _| Ok(b"{}\n".to_vec())).unwrap();
    }
}
