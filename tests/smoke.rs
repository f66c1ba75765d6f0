//! The checks of `ec2-ops smoke`, against a sandbox that is served.

use std::collections::BTreeMap;
use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Ops, until};

/// A check that fails here would say nothing about AWS. A check that passes here has been run at least once.
#[test]
fn every_check_passes_in_the_sandbox_and_records_what_it_was_answered() {
    let serve = Ops::start(["serve", "--port", "0"]);
    until("the guide", || serve.stdout().contains("Ctrl-C ends it"));
    let directory = tempfile::tempdir().unwrap();
    let record = directory.path().display().to_string();
    let finished = serve.beside(&["smoke", "--json", "--record", &record], "").finish();
    assert_eq!(finished.code(), Some(0), "{}{}", finished.stdout, finished.stderr);
    let checks: Vec<Value> = serde_json::from_str(&finished.stdout).unwrap();
    assert!(checks.iter().all(|check| check["verdict"] == "ok"), "{checks:#?}");
    let files = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
    let records: BTreeMap<String, Value> = files
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(&file).unwrap()).unwrap())
        })
        .collect();
    assert_eq!(records.len(), checks.len());
    let answers = records["sizes"]["answers"].as_array().unwrap();
    let refused = answers.iter().find(|answer| answer["action"] == "SendCommand").unwrap();
    assert_eq!(refused["status"], 400);
    assert!(refused["body"].as_str().unwrap().contains("MaxDocumentSizeExceeded"), "{refused}");
    serve.signal(Signal::SIGINT);
    serve.finish();
}

#[test]
fn a_check_that_finds_something_else_says_what_and_fails_the_command() {
    let serve = Ops::start(["serve", "--port", "0"]);
    until("the guide", || serve.stdout().contains("Ctrl-C ends it"));
    let smoke = serve.beside(&["smoke", "--only", "wake-up"], "");
    // A person stops what the check has started.
    until("the execution", || serve.beside(&["stop", "smoke-"], "").finish().code() == Some(0));
    let finished = smoke.finish();
    assert_eq!(finished.code(), Some(1), "{}", finished.stderr);
    let line = finished.stdout.trim_end();
    assert!(line.starts_with("failed   wake-up "), "{line}");
    assert!(line.contains("expected Succeeded, and the outcome is Aborted"), "{line}");
    let unknown = serve.beside(&["smoke", "--only", "wakeup"], "").finish();
    assert_eq!(unknown.code(), Some(2), "{}", unknown.stderr);
    serve.signal(Signal::SIGINT);
    serve.finish();
}
