//! The packages to measure, built as they are deployed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Name and crate, the floor first.
const FUNCTIONS: [(&str, &str); 6] = [
    ("EmptyFunction", "empty-function"),
    ("EC2StarterFromAMI", "ec2-starter-from-ami"),
    ("Commander", "commander"),
    ("EC2Poller", "ec2-poller"),
    ("RunChecker", "run-checker"),
    ("EC2Stopper", "ec2-stopper"),
];

/// Builds all of them, for the machine that we run on.
pub(super) fn all() -> Result<Vec<Package>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let out = root.join("target/lean");
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["xtask", "package", "--arch", arch, "--out"])
        .arg(&out)
        .args(FUNCTIONS.map(|(name, _)| name))
        .current_dir(&root)
        .status();
    match status {
        Ok(status) if status.success() => {
            FUNCTIONS.map(|function| package(&out, function)).into_iter().collect()
        }
        Ok(status) => Err(format!("cargo xtask package: {status}")),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}

fn package(out: &Path, (name, package): (&'static str, &str)) -> Result<Package, String> {
    let bootstrap = out.join("build").join(package).join("bootstrap");
    let zipped = size(&out.join(name).with_extension("zip"))?;
    Ok(Package { name, zipped, unzipped: size(&bootstrap)?, bootstrap })
}

#[expect(clippy::cast_precision_loss, reason = "a file of some megabytes")]
fn size(path: &Path) -> Result<f64, String> {
    let file = fs::metadata(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(file.len() as f64)
}
