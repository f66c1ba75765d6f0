//! The `ec2-ops` command: its stdout, its stderr and its exit codes.

use std::fs;

use ec2_ops_sandbox::deployment::FUNCTIONS;
use serde_json::{Value, json};

use crate::harness::{Ops, document, workspace};

#[test]
fn the_outcome_goes_to_stdout_and_the_progress_to_stderr() {
    let finished = Ops::run(&document(&["true"])).finish();
    assert_eq!(finished.code(), Some(0));
    assert!(
        finished.stdout.starts_with("{\n  \"status\": \"Succeeded\",\n  \"attempts\": ["),
        "{}",
        finished.stdout
    );
    for function in FUNCTIONS {
        assert!(finished.stderr.contains(function.name), "{}", finished.stderr);
    }
    assert!(!finished.stderr.contains('\x1b'), "colours are for terminals");
    assert!(finished.stderr.ends_with("\nthe account is empty\n"), "{}", finished.stderr);
}

#[test]
fn a_failed_execution_has_an_outcome_too() {
    let mut document = document(&["exit 3"]);
    document["run_options"]["fail_execution"] = json!(true);
    let finished = Ops::run(&document).finish();
    assert_eq!(finished.code(), Some(1));
    assert_eq!(finished.outcome()["status"], "CommandFailed");
    assert_eq!(finished.outcome()["attempts"][0]["exit_code"], 3);
}

#[test]
fn the_directory_is_kept_with_keep() {
    let file = workspace().join("examples/hello.json").display().to_string();
    let (finished, log) = Ops::start(["run", "--keep", &file]).finish_keeping("logs/Commander.log");
    assert_eq!(finished.code(), Some(0));
    assert!(finished.stderr.lines().last().unwrap().starts_with("kept: "), "{}", finished.stderr);
    assert!(log.contains("done"), "{log}");
}

#[test]
fn every_example_is_valid() {
    let entries = fs::read_dir(workspace().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    let arguments = ["validate".as_ref()].into_iter().chain(files.iter().map(|path| path.as_os_str()));
    let finished = Ops::start(arguments).finish();
    assert_eq!(finished.code(), Some(0), "{}", finished.stdout);
    assert_eq!(finished.stdout.lines().filter(|line| line.ends_with(".json: ok")).count(), files.len());
}

#[test]
fn validate_names_every_problem() {
    let document =
        json!({ "comands": ["true"], "instance_parameters": { "ImageId": "ami-0abcdef1234567890" } });
    let finished = Ops::start_with(["validate", "-"], &document.to_string()).finish();
    assert_eq!(finished.code(), Some(2));
    let problems: Vec<_> = finished.stdout.lines().collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("-:1:12: error: $.comands: unknown name"), "{problems:?}");
    assert!(
        problems[1].starts_with("-:1:43: error: $.instance_parameters.InstanceType: missing"),
        "{problems:?}"
    );
}

#[test]
fn the_schema_is_the_published_one() {
    let printed: Value = serde_json::from_str(&Ops::start(["schema"]).finish().stdout).unwrap();
    let published = fs::read_to_string(workspace().join("docs/execution-document.schema.json")).unwrap();
    assert_eq!(printed, serde_json::from_str::<Value>(&published).unwrap());
}

#[test]
fn completions_and_manual_pages_have_every_verb() {
    let help = Ops::start(["--help"]).finish().stdout;
    let verbs =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let verbs: Vec<_> = verbs.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(verbs.contains(&"runs") && !verbs.contains(&"guest"), "{verbs:?}");
    for shell in ["bash", "zsh", "fish"] {
        let script = Ops::start(["completions", shell]).finish().stdout;
        assert!(verbs.iter().all(|verb| script.contains(verb)), "{shell}");
    }
    let directory = tempfile::tempdir().unwrap();
    let written = Ops::start(["man".as_ref(), directory.path().as_os_str()]).finish();
    assert_eq!(written.code(), Some(0), "{}", written.stderr);
    for verb in verbs.iter().filter(|verb| **verb != "help") {
        let page = fs::read_to_string(directory.path().join(format!("ec2-ops-{verb}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{verb}");
    }
    assert!(!directory.path().join("ec2-ops-guest.1").exists());
}
