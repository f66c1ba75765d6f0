//! What `docs/execution-document.md` and `docs/fleets.md` claim, executed.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::fs;
use std::path::Path;

use ec2_ops::Execution;
use ec2_ops::document::{Job, json_schema};
use serde_json::Value;

fn page() -> String {
    page_of("execution-document.md")
}

fn page_of(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap()
}

/// The code blocks that begin with `fence`.
fn blocks<'a>(page: &'a str, fence: &'a str) -> impl Iterator<Item = &'a str> {
    let begin = format!("```{fence}\n");
    page.match_indices(&begin)
        .map(|(at, begin)| page[at + begin.len()..].split("```").next().unwrap())
        .collect::<Vec<_>>()
        .into_iter()
}

fn resolve(document: &str) -> Result<Job, String> {
    let document: Value = serde_json::from_str(document).unwrap();
    let execution = Execution::rehearsal("2026-03-01T05:30:00Z".parse().unwrap());
    Job::resolve(&document, &execution).map_err(|problems| {
        let lines: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
        lines.join("\n") + "\n"
    })
}

#[test]
fn every_example_is_accepted_without_a_warning_and_its_output_is_checked() {
    let page = page();
    let targets: Vec<_> = blocks(&page, "json")
        .map(|block| {
            let job = resolve(block).unwrap();
            assert_eq!(job.warnings, Vec::<String>::new());
            job.output.unwrap().target.to_string()
        })
        .collect();
    assert_eq!(
        targets,
        [
            "s3://my-bucket/hello.txt",
            "s3://my-bucket/vpu-01/execution.txt",
            "s3://my-bucket/data",
            "s3://my-bucket/ngen.20260228/ngen-run.tar.gz"
        ]
    );
}

#[test]
fn the_refusal_reads_as_the_page_shows_it() {
    let page = page();
    let message = resolve(blocks(&page, "json refused").next().unwrap()).unwrap_err();
    assert_eq!(message, blocks(&page, "text").next().unwrap());
}

#[test]
fn the_page_names_every_field_and_every_default() {
    let page = page();
    let schema = json_schema();
    let sections = [
        ("", &schema["properties"]),
        ("run_options.", &schema["$defs"]["RunOptions"]["properties"]),
        ("", &schema["$defs"]["InstanceParameters"]["properties"]),
        ("", &schema["$defs"]["DatastreamCommandOptions"]["properties"]),
    ];
    for (prefix, fields) in sections {
        for (name, field) in fields.as_object().unwrap() {
            let written =
                if field["deprecated"] == true { format!("{name}`") } else { format!("`{prefix}{name}") };
            assert!(
                page.contains(&written) || name == "run_options" || name == "$schema",
                "{prefix}{name} is not on the page"
            );
            if !prefix.is_empty()
                && let Some(default) = field.get("default")
            {
                let row = page.lines().find(|line| line.starts_with(&format!("| `{prefix}{name}`"))).unwrap();
                assert!(row.contains(&format!("| `{default}` |")), "the default {default} is not in: {row}");
            }
        }
    }
}

/// Merged as the state machine does: the members of a row replace those of the template.
#[test]
fn the_rows_of_the_fleets_page_make_documents_with_outputs_of_their_own() {
    let page = page_of("fleets.md");
    let mut blocks = blocks(&page, "json");
    let (rows, input) = (blocks.next().unwrap(), blocks.next().unwrap());
    let input: Value = serde_json::from_str(input).unwrap();
    let targets: Vec<_> = rows
        .lines()
        .map(|row| {
            let mut document = input["template"].clone();
            let row: Value = serde_json::from_str(row).unwrap();
            document.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
            let job = resolve(&document.to_string()).unwrap();
            assert_eq!(job.warnings, Vec::<String>::new());
            job.output.unwrap().target.to_string()
        })
        .collect();
    assert_eq!(targets, ["01", "02", "03L"].map(|vpu| format!("s3://my-results/forecast/{vpu}.nc")));
}
