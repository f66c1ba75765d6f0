//! `cargo xtask release`: all files of a release, made on this machine. It publishes nothing: `.github/workflows/release.yml`
//! runs the same parts on several machines and uploads the result.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::lambda::{Architecture, LAMBDAS};
use crate::manifest::Manifest;
use crate::sbom::{self, Packages};
use crate::{USAGE, files, package};

mod command;
mod module;
mod notes;
mod sums;
mod tag;
#[cfg(test)]
mod tests;

/// The version that is released.
const VERSION: &str = env!("CARGO_PKG_VERSION");

struct Options {
    dry_run: bool,
    out: PathBuf,
    parts: Vec<Part>,
}

/// What can be made by itself. Each part needs those before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Functions,
    Command,
    Module,
    Sums,
}

impl Part {
    const ALL: [Self; 4] = [Self::Functions, Self::Command, Self::Module, Self::Sums];

    fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Command => "command",
            Self::Module => "module",
            Self::Sums => "sums",
        }
    }

    fn make(self, out: &Path, notes: &str) -> Result<(), String> {
        match self {
            Self::Functions => functions(out),
            Self::Command => command::archive(out),
            Self::Module => module::archive(out),
            Self::Sums => sums(out, notes),
        }
    }
}

pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    let Options { dry_run, out, parts } = options(arguments)?;
    let changelog = files::read_text(&files::root().join("CHANGELOG.md"))?;
    let notes = if dry_run {
        notes::section(&changelog, VERSION).or_else(|_| notes::section(&changelog, notes::UNRELEASED))?
    } else {
        tag::require(VERSION)?;
        notes::section(&changelog, VERSION)?
    };
    files::create_directory(&out)?;
    if parts == Part::ALL && !files::names(&out)?.is_empty() {
        return Err(format!("{} is not empty: remove what is left of an earlier release", out.display()));
    }
    parts.into_iter().try_for_each(|part| part.make(&out, &notes))
}

fn options(mut arguments: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let mut options = Options { dry_run: false, out: files::root().join("target/dist"), parts: Vec::new() };
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        if let Some(part) = Part::ALL.into_iter().find(|part| part.name() == text) {
            options.parts.push(part);
        } else if text == "--dry-run" {
            options.dry_run = true;
        } else if let ("--out", Some(out)) = (text, arguments.next()) {
            options.out = out.into();
        } else {
            return Err(format!("unknown: {text}\n{USAGE}"));
        }
    }
    if options.parts.is_empty() {
        options.parts.extend(Part::ALL);
    }
    Ok(options)
}

/// The zips of all functions for both architectures, with their bills of materials.
fn functions(out: &Path) -> Result<(), String> {
    let packages = Packages::read()?;
    let lambdas: Vec<_> = LAMBDAS.iter().collect();
    for architecture in Architecture::ALL {
        for (lambda, executable) in package::zips(architecture, &lambdas, out)? {
            let name = format!("{}-{}.cdx.json", lambda.name, architecture.name());
            files::write(&out.join(name), &sbom::of(lambda.name, &executable, &packages)?)?;
        }
    }
    manifest(out)?.write(out)
}

/// What describes the other files, so it comes last.
fn sums(out: &Path, notes: &str) -> Result<(), String> {
    files::write(&out.join("RELEASE_NOTES.md"), notes.as_bytes())?;
    files::write(&out.join("install.sh"), &files::read(&files::root().join("xtask/install.sh"))?)?;
    sums::write(out)
}

fn manifest(out: &Path) -> Result<Manifest, String> {
    Manifest::of(out, &Architecture::ALL, &LAMBDAS)
}
