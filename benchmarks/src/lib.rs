//! `cargo performance`: measures, and writes `docs/performance.md` with its plots.
//!
//! A module for each chapter. Chapters in virtual time are the same on every machine, and tests compare them with the
//! page. Timed chapters are only measured; no test asserts them.
#![expect(clippy::print_stderr, reason = "a command speaks to a terminal")]

mod cost;
mod dead_time;
mod designs;
mod lean;
mod micro;
mod packages;
mod plot;
mod report;
mod scale;
mod statistics;

use std::process::{Command, ExitCode};

use report::{Chapter, Report};

/// The chapters, in the order of the page.
const CHAPTERS: [Chapter; 6] = [
    lean::CHAPTER,
    dead_time::OVER_HTTP,
    dead_time::IN_VIRTUAL_TIME,
    cost::CHAPTER,
    scale::CHAPTER,
    micro::CHAPTER,
];

/// Measures the chapters that `arguments` name, or all.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    // `cargo bench` adds an argument of its own.
    let arguments: Vec<_> = arguments.into_iter().filter(|argument| argument != "--bench").collect();
    // The sandbox boots its instances from this executable.
    if let Some(("guest", arguments)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return ec2_ops_guest::main(arguments.to_vec());
    }
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures the chapters of these names, or all of them, and puts each in its place on the page.
fn measure(names: &[String]) -> Result<(), String> {
    if let Some(unknown) = names.iter().find(|name| CHAPTERS.iter().all(|chapter| chapter.name != **name)) {
        let known: Vec<_> = CHAPTERS.iter().map(|chapter| chapter.name).collect();
        return Err(format!(
            "unknown chapter {unknown:?}; expected some of {}, or none for all",
            known.join(", ")
        ));
    }
    let mut report = Report::read(&CHAPTERS)?;
    for chapter in
        CHAPTERS.iter().filter(|chapter| names.is_empty() || names.iter().any(|name| name == chapter.name))
    {
        eprintln!("measuring: {}", chapter.title);
        report.put(chapter, (chapter.measure)()?)?;
    }
    Ok(())
}

/// Runs the same cargo again, on the same terminal. `arguments` adds the arguments.
fn cargo(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<(), String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    match arguments(&mut cargo).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo failed: {status}")),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}
