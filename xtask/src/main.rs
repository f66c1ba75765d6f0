//! Builds what the project ships: the functions' zips and the artefacts of a release.
#![expect(clippy::print_stderr, reason = "a command speaks to a terminal")]

use std::ffi::OsStr;
use std::process::ExitCode;

mod archive;
mod files;
mod lambda;
mod manifest;
mod package;
mod release;
mod sbom;
mod tools;
mod zip;

const USAGE: &str = "\
usage:
  cargo xtask package [--arch arm64|x86_64] [--out DIR] [NAME…]
      build the functions' zips, or some of them (default: arm64, into terraform/functions)
  cargo xtask release [--dry-run] [--out DIR] [PART…]
      make the artefacts of a release, or a part of them (default: into target/dist):
        functions  the functions' zips for both architectures
        command    the archive of ec2-ops for this machine
        module     the archive of the Terraform module, with the zips in it
        sums       notes, installer and checksums
      Without --dry-run, HEAD must carry the version's tag, and the changelog must have its section.";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let done = match arguments.next().as_deref().and_then(OsStr::to_str) {
        Some("package") => package::run(arguments),
        Some("release") => release::run(arguments),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
