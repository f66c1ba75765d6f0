//! `cargo xtask package`: one zip per Lambda. The same source gives the same bytes on every machine.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::{FLOOR, LAMBDAS, Lambda, USAGE, cargo, succeed, zip};

const INSTALL: &str = "\
cargo-lambda is not installed; it brings the cross compiler and links against the C library of Amazon Linux.
Install it with one of:
  python3 -m venv ~/.cargo-lambda && ~/.cargo-lambda/bin/pip install cargo-lambda && export PATH=~/.cargo-lambda/bin:$PATH
  brew install cargo-lambda/tap/cargo-lambda";

struct Options {
    /// The flag of `cargo lambda build`.
    arch: &'static str,
    out: PathBuf,
    lambdas: Vec<&'static Lambda>,
}

pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    let options = options(arguments)?;
    let installed =
        cargo().args(["lambda", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        return Err(INSTALL.to_owned());
    }
    let binaries = build(&options)?;
    for lambda in options.lambdas {
        let bootstrap = read(&binaries.join(lambda.package).join("bootstrap"))?;
        let zip = options.out.join(lambda.name).with_extension("zip");
        fs::write(&zip, zip::of_executable("bootstrap", &bootstrap)?)
            .map_err(|error| format!("cannot write {}: {error}", zip.display()))?;
        println!("{}", zip.display());
    }
    Ok(())
}

fn options(mut arguments: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let mut options = Options {
        arch: "--arm64",
        out: Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/lambda"),
        lambdas: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        if let Some(lambda) = LAMBDAS.iter().chain([&FLOOR]).find(|lambda| lambda.name == text) {
            options.lambdas.push(lambda);
            continue;
        }
        let value = arguments.next();
        match (text, value.as_deref().and_then(OsStr::to_str)) {
            ("--arch", Some("arm64")) => options.arch = "--arm64",
            ("--arch", Some("x86_64")) => options.arch = "--x86-64",
            ("--out", Some(out)) => options.out = out.into(),
            (unknown, value) => {
                return Err(format!("unknown argument: {unknown} {}\n{USAGE}", value.unwrap_or_default()));
            }
        }
    }
    if options.lambdas.is_empty() {
        options.lambdas.extend(&LAMBDAS);
    }
    Ok(options)
}

/// Builds all together, so that they share one build of the SDK. Link-time optimization removes the code that a Lambda does
/// not call.
fn build(Options { arch, out, lambdas }: &Options) -> Result<PathBuf, String> {
    let binaries = out.join("build");
    let mut build = cargo();
    build.args(["lambda", "build", "--profile", "lambda", arch]);
    build.args(lambdas.iter().flat_map(|lambda| ["--package", lambda.package]));
    build.env("RUSTFLAGS", remapped_paths()?);
    succeed(build.arg("--lambda-dir").arg(&binaries))?;
    Ok(binaries)
}

/// Replaces the home of cargo, which panic messages would contain.
fn remapped_paths() -> Result<OsString, String> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = cargo_home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(home);
    flag.push("=/cargo");
    Ok(flag)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
