//! The Lambdas as they are deployed: built and packaged by `cargo xtask package`, once for all chapters.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ec2_ops_sandbox::deployment::{FUNCTIONS, Function};

use crate::cargo;

/// One function as `cargo xtask package` built it.
pub(crate) struct Package {
    pub(crate) function: Function,
    /// The executable in it.
    pub(crate) bootstrap: PathBuf,
    /// Bytes of the zip archive.
    pub(crate) zipped: f64,
    /// Bytes of the executable.
    pub(crate) unzipped: f64,
}

/// A function that only returns its input: the base of the comparison.
pub(crate) const FLOOR: Function = Function { name: "EmptyFunction", package: "empty-function" };

/// All packages, the floor first, built for this machine.
pub(crate) fn all() -> Result<&'static [Package], String> {
    static ALL: OnceLock<Result<Vec<Package>, String>> = OnceLock::new();
    ALL.get_or_init(build).as_deref().map_err(Clone::clone)
}

fn build() -> Result<Vec<Package>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let out = root.join("target/lean");
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let functions: Vec<_> = std::iter::once(FLOOR).chain(FUNCTIONS).collect();
    let names = functions.iter().map(|function| function.name);
    cargo(|cargo| {
        cargo.args(["xtask", "package", "--arch", arch, "--out"]).arg(&out).args(names).current_dir(&root)
    })?;
    let executables = root.join("target/functions").join(arch);
    functions.into_iter().map(|function| package(&out, &executables, arch, function)).collect()
}

fn package(out: &Path, executables: &Path, arch: &str, function: Function) -> Result<Package, String> {
    let bootstrap = executables.join(function.package).join("bootstrap");
    let zipped = size(&out.join(format!("{}-{arch}.zip", function.name)))?;
    Ok(Package { function, zipped, unzipped: size(&bootstrap)?, bootstrap })
}

#[expect(clippy::cast_precision_loss, reason = "a file of some megabytes")]
fn size(path: &Path) -> Result<f64, String> {
    let file = fs::metadata(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(file.len() as f64)
}
