//! What `README.md` shows, held to the code; and that the pages find each other.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ec2_ops::document::{Job, Place, TextProblem, check_text};
use ec2_ops::{Execution, Outcome, Status};
use serde_json::Value;

const README: &str = include_str!("../../../README.md");
const STATE_MACHINE: &str = include_str!("../../../state_machine/run_commands.asl.json");

/// The code blocks of the README in `language`.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn resolve(document: &Value) -> Result<Job, Vec<String>> {
    let execution = Execution::rehearsal("2026-03-01T05:30:00Z".parse().unwrap());
    Job::resolve(document, &execution)
        .map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

#[test]
fn the_document_is_accepted_and_its_output_is_checked() {
    let job = resolve(&serde_json::from_str(blocks("json")[1]).unwrap()).unwrap();
    assert_eq!(job.warnings, Vec::<String>::new());
    assert_eq!(job.output.unwrap().target.to_string(), "s3://sandbox-output/hello/hello.txt");
}

#[test]
fn the_outcome_is_one() {
    let outcome: Outcome = serde_json::from_str(blocks("json")[0]).unwrap();
    assert_eq!(outcome.status, Status::Succeeded);
}

#[test]
fn the_refusal_reads_as_the_readme_shows_it() {
    let document = r#"{
  "comands": ["true"],
  "run_options": { "timeout_s": "120" },
  "instance_parameters": { "ImageId": "ami-0abcdef1234567890" }
}"#;
    let line = |TextProblem { place, message }: &TextProblem| {
        let Place { line, column } = place.unwrap();
        format!("run.json:{line}:{column}: error: {message}\n")
    };
    assert_eq!(check_text(document).unwrap_err().iter().map(line).collect::<String>(), blocks("text")[1]);
}

#[test]
fn the_picture_has_the_steps_of_the_state_machine() {
    let machine: Value = serde_json::from_str(STATE_MACHINE).unwrap();
    let states = machine["States"].as_object().unwrap().iter();
    let tasks: BTreeSet<_> =
        states.filter(|(_, state)| state["Type"] == "Task").map(|(name, _)| name.as_str()).collect();
    let arrows = blocks("mermaid")[0].lines().filter(|line| line.contains("-->"));
    let drawn = arrows.flat_map(|line| line.split(':').next().unwrap().split("-->")).map(str::trim);
    assert_eq!(drawn.filter(|name| *name != "[*]").collect::<BTreeSet<_>>(), tasks);
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for page in pages(&root) {
        let text = std::fs::read_to_string(&page).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains(':') && !target.starts_with('#')) {
            let file = page.with_file_name(target.split('#').next().unwrap());
            assert!(file.exists(), "{}: {target}", page.display());
        }
    }
}

/// The pages at the root and in `docs/`.
fn pages(root: &Path) -> Vec<PathBuf> {
    let files = [root.to_owned(), root.join("docs")].map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = files.into_iter().flatten().map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}
