//! `terraform-aws-ec2-ops.tar.gz`: the Terraform module as the registry takes it, with the functions in it. So a module and the
//! functions that it deploys are always of one release, and an apply downloads nothing.

use std::path::Path;
use std::process::Command;

use super::manifest;
use crate::archive::Archive;
use crate::lambda::{Architecture, LAMBDAS};
use crate::{files, manifest as names};

const MODULE: &str = "terraform";

pub(super) fn archive(out: &Path) -> Result<(), String> {
    let root = files::root();
    let mut archive = Archive::default();
    archive.file("LICENSE", files::read(&root.join("LICENSE"))?);
    for path in tracked(&root)? {
        if let Some(inside) = path.strip_prefix("terraform/").filter(|inside| !inside.starts_with("tests/")) {
            archive.file(inside, files::read(&root.join(&path))?);
        }
    }
    let manifest = manifest(out)?;
    let zips = manifest.zips();
    if zips.len() != LAMBDAS.len() * Architecture::ALL.len() {
        return Err(format!("{} has not all zips but {}", out.display(), zips.join(", ")));
    }
    for name in zips.into_iter().chain([names::NAME]) {
        archive.file(format!("functions/{name}"), files::read(&out.join(name))?);
    }
    files::write(&out.join("terraform-aws-ec2-ops.tar.gz"), &archive.finish()?)
}

/// The files of the module that git knows: no state, no provider, no settings of the person who builds.
fn tracked(root: &Path) -> Result<Vec<String>, String> {
    let git = Command::new("git").args(["ls-files", "-z", MODULE]).current_dir(root).output();
    let git = git.map_err(|error| format!("cannot start git: {error}"))?;
    if !git.status.success() {
        return Err(format!("git ls-files failed: {}", String::from_utf8_lossy(&git.stderr)));
    }
    let paths = String::from_utf8_lossy(&git.stdout);
    Ok(paths.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}
