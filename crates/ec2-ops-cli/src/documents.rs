//! `validate` and `schema`: documents without a sandbox.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ec2_ops::Execution;
use ec2_ops::document::{Job, Problem, Problems, json_schema};
use jiff::Timestamp;
use serde_json::Value;

use crate::{EXIT_INVALID, fail};

/// Prints every problem of every file, one on a line, in the format of compilers.
pub(crate) fn validate(files: &[PathBuf]) -> ExitCode {
    let mut valid = true;
    for file in files {
        let name = file.display();
        let execution = Execution::rehearsal(Timestamp::now());
        match read(file).and_then(|document| Job::resolve(&document, &execution)) {
            Ok(job) => {
                println!("{name}: ok");
                for warning in job.warnings {
                    println!("{name}: warning: {warning}");
                }
            }
            Err(Problems(problems)) => {
                valid = false;
                for problem in problems {
                    println!("{name}: error: {problem}");
                }
            }
        }
    }
    if valid { ExitCode::SUCCESS } else { ExitCode::from(EXIT_INVALID) }
}

/// Prints the JSON Schema of the document.
pub(crate) fn schema() -> ExitCode {
    match serde_json::to_string_pretty(json_schema()) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error.to_string()),
    }
}

/// Reads a document. Text that is not JSON is a problem of the document.
pub(crate) fn read(file: &Path) -> Result<Value, Problems> {
    let problem = |message: String| Problems(vec![Problem::new("$", message)]);
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|error| problem(format!("cannot be read: {error}")))?;
    serde_json::from_str(&text).map_err(|error| problem(format!("not JSON: {error}")))
}
