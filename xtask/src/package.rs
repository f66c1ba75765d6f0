//! `cargo xtask package`: one zip per function, the same bytes for the same source on every machine.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cargo_ops::{cargo, succeed};

use crate::lambda::{Architecture, FLOOR, LAMBDAS, Lambda};
use crate::manifest::Manifest;
use crate::{USAGE, files, tools, zip};

struct Options {
    architecture: Architecture,
    out: PathBuf,
    lambdas: Vec<&'static Lambda>,
}

pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    let Options { architecture, out, lambdas } = options(arguments)?;
    files::create_directory(&out)?;
    zips(architecture, &lambdas, &out)?;
    Manifest::of(&out, &[architecture], lambdas)?.write(&out)
}

fn options(mut arguments: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let mut options = Options {
        architecture: Architecture::Arm64,
        out: files::root().join("terraform/functions"),
        lambdas: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        if let Some(lambda) = LAMBDAS.iter().chain([&FLOOR]).find(|lambda| lambda.name == text) {
            options.lambdas.push(lambda);
            continue;
        }
        let value = arguments.next();
        let value = value.as_deref().and_then(OsStr::to_str).unwrap_or_default();
        match (text, Architecture::named(value)) {
            ("--arch", Some(architecture)) => options.architecture = architecture,
            ("--out", _) if !value.is_empty() => options.out = value.into(),
            _ => return Err(format!("unknown: {text} {value}\n{USAGE}")),
        }
    }
    if options.lambdas.is_empty() {
        options.lambdas.extend(&LAMBDAS);
    }
    Ok(options)
}

/// Builds the functions and writes their zips into `out`. Returns the executables.
pub(crate) fn zips(
    architecture: Architecture,
    lambdas: &[&'static Lambda],
    out: &Path,
) -> Result<Vec<(&'static Lambda, Vec<u8>)>, String> {
    let built = build(architecture, lambdas)?;
    let mut executables = Vec::new();
    for lambda in lambdas {
        let path = built.join(lambda.package).join("bootstrap");
        let executable = files::read(&path)?;
        if Architecture::of_executable(&executable) != Some(architecture) {
            return Err(format!("{} is not an executable for {}", path.display(), architecture.name()));
        }
        let zip = out.join(architecture.zip_name(lambda.name));
        files::write(&zip, &zip::of_executable("bootstrap", &executable)?)?;
        executables.push((*lambda, executable));
    }
    Ok(executables)
}

/// Builds all functions together, so that they share one build of the SDK. Link-time optimization leaves each with the code
/// that it calls. Returns the directory of the executables.
fn build(architecture: Architecture, lambdas: &[&Lambda]) -> Result<PathBuf, String> {
    tools::LAMBDA.require()?;
    tools::AUDITABLE.require()?;
    let executables = files::root().join("target/functions").join(architecture.name());
    let mut build = cargo();
    build.args(["auditable", "lambda", "build", "--locked", "--profile", "lambda", architecture.flag()]);
    build.args(lambdas.iter().flat_map(|lambda| ["--package", lambda.package]));
    build.arg("--lambda-dir").arg(&executables);
    succeed(build.envs(tools::without_paths()?))?;
    Ok(executables)
}
