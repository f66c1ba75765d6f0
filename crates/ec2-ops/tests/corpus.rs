//! The verdict on every document in `tests/corpus`: accepted, with its output and warnings, or refused, with every reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ec2_ops::Execution;
use ec2_ops::document::Job;
use serde_json::Value;

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

fn verdict(document: &Value, execution: &Execution) -> String {
    match Job::resolve(document, execution) {
        Ok(job) => {
            let target =
                job.output.map_or_else(|| "unchecked".to_owned(), |output| output.target.to_string());
            let mut line = format!("accepted: {target}, {} commands", job.commands.len());
            for warning in job.warnings {
                let _ = write!(line, "\n    warning: {warning}");
            }
            line
        }
        Err(problems) => {
            problems.0.iter().fold("refused".to_owned(), |line, problem| format!("{line}\n    {problem}"))
        }
    }
}

#[test]
fn every_real_document_is_accepted_or_refused_for_a_stated_reason() {
    let execution = Execution::rehearsal("2026-03-01T05:30:00Z".parse().unwrap());
    let files = corpus();
    assert_eq!(files.len(), 151);
    let mut out = String::new();
    for file in files {
        let document = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy();
        let _ = writeln!(out, "{name}\n  {}", verdict(&document, &execution));
    }
    insta::assert_snapshot!(out);
}
