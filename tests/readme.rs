//! What the README shows of a run, compared with a run.

use std::fs;

use serde_json::Value;

use crate::harness::{Ops, workspace};

/// The first code block of the README in `language`.
fn block(language: &str) -> String {
    let page = fs::read_to_string(workspace().join("README.md")).unwrap();
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split("```").next().unwrap().to_owned()
}

/// The lines without times and ids. How often a step is retried differs from run to run.
fn steps(text: &str) -> Vec<String> {
    let is_retry = |line: &&str| line.contains("is not ready") || line.contains("not yet cleaned up");
    let lines = text.lines().filter(|line| !is_retry(line));
    lines.filter_map(|line| line.split_once(" s  ")).map(|(_, step)| without_ids(step)).collect()
}

fn without_ids(step: &str) -> String {
    let is_uuid = |word: &str| word.len() == 36 && word.matches('-').count() == 4;
    let word = |word| match word {
        id if is_uuid(id) => "UUID",
        id if id.starts_with("i-") => "i-",
        other => other,
    };
    step.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// The paths of all fields.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                paths(value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{path}[]"), found)),
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn the_readme_shows_what_a_run_prints() {
    let file = workspace().join("examples/hello.json").display().to_string();
    let finished = Ops::start(["run", &file]).finish();
    assert_eq!(steps(&block("text")), steps(&finished.stderr), "{}", finished.stderr);
    let [mut shown, mut printed] = [Vec::new(), Vec::new()];
    paths(&serde_json::from_str(&block("json")).unwrap(), "$", &mut shown);
    paths(&finished.outcome(), "$", &mut printed);
    assert_eq!(shown, printed, "{}", finished.stdout);
}
