//! `cargo xtask package`: one zip per Lambda, the same bytes for the same source.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::{LAMBDAS, Lambda, USAGE, cargo, succeed, zip};

const INSTALL: &str = "\
cargo-lambda is not installed; it brings the cross compiler and links against the C library of Amazon Linux.
Install it with one of:
  pip install cargo-lambda
  brew install cargo-lambda/tap/cargo-lambda";

struct Options {
    /// The flag of `cargo lambda build`.
    arch: &'static str,
    out: PathBuf,
}

pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    let options = options(arguments)?;
    let installed =
        cargo().args(["lambda", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        return Err(INSTALL.to_owned());
    }
    for lambda in &LAMBDAS {
        let zip = package(lambda, &options)?;
        println!("{}", zip.display());
    }
    Ok(())
}

fn options(mut arguments: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let mut options = Options { arch: "--arm64", out: PathBuf::from("target/lambda") };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{} needs a value\n{USAGE}", name.display()))?;
        match (name.to_str(), value.to_str()) {
            (Some("--arch"), Some("arm64")) => options.arch = "--arm64",
            (Some("--arch"), Some("x86_64")) => options.arch = "--x86-64",
            (Some("--out"), _) => options.out = value.into(),
            _ => return Err(format!("unknown: {} {}\n{USAGE}", name.display(), value.display())),
        }
    }
    Ok(options)
}

/// Builds one Lambda on its own: together with others, each would link the services of all.
fn package(lambda: &Lambda, Options { arch, out }: &Options) -> Result<PathBuf, String> {
    let binaries = out.join("build");
    let mut build = cargo();
    build.args(["lambda", "build", "--profile", "lambda", arch, "--package", lambda.package, "--lambda-dir"]);
    succeed(build.arg(&binaries))?;
    let bootstrap = read(&binaries.join(lambda.package).join("bootstrap"))?;
    let path = out.join(lambda.name).with_extension("zip");
    fs::write(&path, zip::of_executable("bootstrap", &bootstrap)?)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
