//! Every example ends as the table in `examples/README.md` says.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Finished, Ops, workspace};

struct Row {
    name: String,
    attempts: Vec<String>,
    left: String,
}

/// The rows of the table in `examples/README.md`.
fn rows() -> Vec<Row> {
    let readme = fs::read_to_string(workspace().join("examples/README.md")).unwrap();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| [")?.trim_end_matches(" |").split(" | ");
        let name = cells.next()?.split(']').next()?.to_owned();
        let (_, attempts, left) = (cells.next()?, cells.next()?, cells.next()?);
        let attempts = attempts.split(", ").map(str::to_owned).collect();
        Some(Row { name, attempts, left: left.to_owned() })
    };
    readme.lines().filter_map(row).collect()
}

fn run(name: &str) -> Finished {
    let file = workspace().join("examples").join(name).with_extension("json");
    Ops::start(["run".as_ref(), file.as_os_str()]).finish()
}

fn statuses(outcome: &Value) -> Vec<&str> {
    outcome["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["status"].as_str().unwrap())
        .collect()
}

#[test]
fn the_table_has_every_example() {
    let mut listed: Vec<_> = rows().into_iter().map(|row| format!("{}.json", row.name)).collect();
    let entries = fs::read_dir(workspace().join("examples")).unwrap().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    files.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "json"));
    listed.sort();
    files.sort();
    assert_eq!(listed, files);
}

#[test]
fn every_example_ends_as_the_table_says() {
    std::thread::scope(|scope| {
        for row in rows() {
            scope.spawn(move || {
                let finished = run(&row.name);
                let outcome = finished.outcome();
                assert_eq!(statuses(&outcome), row.attempts, "{}: {outcome:#}", row.name);
                assert_eq!(outcome["status"].as_str(), row.attempts.last().map(String::as_str));
                let succeeded = outcome["status"] == "Succeeded";
                assert_eq!(finished.code(), Some(i32::from(!succeeded)), "{}", row.name);
                let last = finished.stderr.lines().last().unwrap();
                match row.left.as_str() {
                    "nothing" => assert_eq!(last, "the account is empty", "{}", row.name),
                    "a stopped instance, its volume" => {
                        assert!(last.starts_with("left: i-") && last.contains("(stopped), vol-"), "{last}");
                    }
                    other => panic!("{}: the table says {other:?}", row.name),
                }
            });
        }
    });
}

#[test]
fn a_failure_is_reported_with_its_exit_code_and_stderr() {
    let outcome = run("failing-command").outcome();
    let attempt = &outcome["attempts"][0];
    assert_eq!(attempt["exit_code"], 3);
    assert!(attempt["stderr_tail"].as_str().unwrap().starts_with("no such catchment\n"), "{attempt:#}");
    assert_eq!(attempt["reason"], "the commands failed with exit code 3");
}

#[test]
fn a_secret_is_in_no_document_log_or_outcome() {
    let file = workspace().join("examples/secrets.json").display().to_string();
    let (finished, result) =
        Ops::start(["run", "--keep", &file]).finish_keeping("s3/sandbox-output/secrets/result.txt");
    assert_eq!(result, "a token of 23 characters\n");
    assert!(!finished.stdout.contains("a secret of the sandbox"), "{}", finished.stdout);
    assert!(!finished.stderr.contains("a secret of the sandbox"), "{}", finished.stderr);
}

#[test]
fn with_ii_cheapo_the_first_attempt_is_spot() {
    assert_eq!(run("spot").outcome()["attempts"][0]["market"], "spot");
}

#[test]
fn daily_is_the_same_date_in_the_commands_and_in_the_output_that_is_checked() {
    let outcome = run("nextgen-forecast").outcome();
    let output = outcome["attempts"][0]["output"].as_str().unwrap();
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let days =
        [date, date.yesterday().unwrap()].map(|day| day.yesterday().unwrap().strftime("%Y%m%d").to_string());
    let expected = days.map(|day| format!("s3://sandbox-output/forecasts/ngen.{day}/VPU_09/ngen-run.txt"));
    assert!(expected.iter().any(|expected| expected == output), "{output} is not among {expected:?}");
}
