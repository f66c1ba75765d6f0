//! The packages to measure, built as they are deployed.

use std::fs;
use std::path::{Path, PathBuf};

use ec2_ops_sandbox::deployment::{FUNCTIONS, Function};

use crate::binaries::{cargo, succeed};

/// A package that `cargo xtask package` has made.
pub(super) struct Package {
    pub(super) name: &'static str,
    /// The executable in it.
    pub(super) bootstrap: PathBuf,
    /// Bytes of the zip archive.
    pub(super) zipped: f64,
    /// Bytes of the executable.
    pub(super) unzipped: f64,
}

/// What does nothing but answer, by name and package.
const FLOOR: Function = Function { name: "EmptyFunction", package: "empty-function" };

/// Builds all of them, the floor first, for the machine that we run on.
pub(super) fn all() -> Result<Vec<Package>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let out = root.join("target/lean");
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let functions: Vec<_> = std::iter::once(FLOOR).chain(FUNCTIONS).collect();
    let mut build = cargo();
    build.args(["xtask", "package", "--arch", arch, "--out"]).arg(&out);
    build.args(functions.iter().map(|function| function.name)).current_dir(&root);
    succeed(&mut build)?;
    functions.into_iter().map(|function| package(&out, function)).collect()
}

fn package(out: &Path, Function { name, package }: Function) -> Result<Package, String> {
    let bootstrap = out.join("build").join(package).join("bootstrap");
    let zipped = size(&out.join(name).with_extension("zip"))?;
    Ok(Package { name, zipped, unzipped: size(&bootstrap)?, bootstrap })
}

#[expect(clippy::cast_precision_loss, reason = "a file of some megabytes")]
fn size(path: &Path) -> Result<f64, String> {
    let file = fs::metadata(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(file.len() as f64)
}
