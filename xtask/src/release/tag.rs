//! A release is made from the commit that carries its tag, and from nothing else.

use std::process::Command;

use crate::files;

/// An error unless HEAD carries the tag of `version` and no tracked file differs from it.
pub(super) fn require(version: &str) -> Result<(), String> {
    let tag = format!("v{version}");
    if !git(&["tag", "--points-at", "HEAD"])?.lines().any(|line| line == tag) {
        return Err(format!("HEAD does not carry the tag {tag}; to only try a release: --dry-run"));
    }
    match git(&["status", "--porcelain", "--untracked-files=no"])?.trim() {
        "" => Ok(()),
        changes => Err(format!("these files differ from {tag}:\n{changes}")),
    }
}

fn git(arguments: &[&str]) -> Result<String, String> {
    let git = Command::new("git").args(arguments).current_dir(files::root()).output();
    let git = git.map_err(|error| format!("cannot start git: {error}"))?;
    if git.status.success() {
        Ok(String::from_utf8_lossy(&git.stdout).into_owned())
    } else {
        Err(format!("git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&git.stderr)))
    }
}
