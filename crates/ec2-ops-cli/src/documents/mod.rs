//! `validate` and `schema`, and how a document is read: without a sandbox and without an account.

mod assignment;
mod rows;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use ec2_ops::Execution;
use ec2_ops::document::{Job, Place, Problems, TextProblem, check_text, json_schema, not_json};
use jiff::Timestamp;
use serde_json::Value;

pub(crate) use assignment::Assignment;
pub(crate) use rows::{fleet, valid_rows};

use crate::exit::{Exit, Failure};
use crate::output;

/// Prints every problem of every file, one on a line, in the format of compilers.
pub(crate) fn validate(files: &[PathBuf]) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for file in files {
        let name = file.display();
        match read(file) {
            Ok((_, warnings)) => {
                output::line(format!("{name}: ok"))?;
                for warning in warnings {
                    output::line(format!("{name}: warning: {warning}"))?;
                }
            }
            Err(faults) => {
                exit = Exit::Usage;
                for fault in faults {
                    output::line(fault.line(file))?;
                }
            }
        }
    }
    Ok(exit)
}

/// Prints the JSON Schema of the document.
pub(crate) fn schema() -> Result<Exit, Failure> {
    output::json(json_schema())?;
    Ok(Exit::Success)
}

/// The documents in `files` with `changes`, if all of them are valid; else their problems are said.
pub(crate) fn valid(files: &[PathBuf], changes: &[Assignment]) -> Result<Option<Vec<Value>>, Failure> {
    let mut documents = Vec::new();
    let mut valid = true;
    for file in files {
        let read = if changes.is_empty() {
            read(file).map(|(document, _)| document)
        } else {
            changed(file, changes)?
        };
        match read {
            Ok(document) => documents.push(document),
            Err(faults) => {
                valid = false;
                for fault in faults {
                    output::say(fault.line(file));
                }
            }
        }
    }
    Ok(valid.then_some(documents))
}

/// Something wrong with a file.
pub(crate) struct Fault {
    place: Option<Place>,
    what: String,
}

impl Fault {
    fn of_file(what: String) -> Self {
        Self { place: None, what }
    }

    fn at(line: usize, column: usize, what: String) -> Self {
        Self { place: Some(Place { line, column }), what }
    }

    /// The fault of a text that is one line of a file.
    fn on_line(self, line: usize) -> Self {
        Self { place: self.place.map(|place| Place { line, ..place }), ..self }
    }

    /// `run.json:4:19: error: $.run_options.timeout_s: found …`
    fn line(&self, file: &Path) -> String {
        let file = file.display();
        match self.place {
            Some(Place { line, column }) => format!("{file}:{line}:{column}: error: {}", self.what),
            None => format!("{file}: error: {}", self.what),
        }
    }
}

impl From<TextProblem> for Fault {
    fn from(TextProblem { place, message }: TextProblem) -> Self {
        Self { place, what: message }
    }
}

/// The document in `file` and its warnings, if it is valid.
fn read(file: &Path) -> Result<(Value, Vec<String>), Vec<Fault>> {
    let (text, _) = parse(file).map_err(|fault| vec![fault])?;
    let checked =
        check_text(&text).map_err(|problems| problems.into_iter().map(Fault::from).collect::<Vec<_>>())?;
    Ok((checked.document, checked.warnings))
}

/// The document in `file` with `changes`, if it is then valid. Its problems have no place: it stands in no file.
fn changed(file: &Path, changes: &[Assignment]) -> Result<Result<Value, Vec<Fault>>, Failure> {
    let mut document = match parse(file) {
        Ok((_, document)) => document,
        Err(fault) => return Ok(Err(vec![fault])),
    };
    for change in changes {
        change.apply(&mut document).map_err(|why| Failure::Usage(format!("--set: {why}")))?;
    }
    Ok(match resolve(&document) {
        Ok(_) => Ok(document),
        Err(Problems(problems)) => {
            Err(problems.iter().map(|problem| Fault::of_file(problem.to_string())).collect())
        }
    })
}

/// The text of `file`, and the JSON that it is.
fn parse(file: &Path) -> Result<(String, Value), Fault> {
    let text = text_of(file)?;
    match serde_json::from_str(&text) {
        Ok(document) => Ok((text, document)),
        Err(_) if is_yaml(file, &text) => {
            Err(Fault::of_file("is YAML; an execution document is JSON".to_owned()))
        }
        Err(error) => Err(not_json(&error).into()),
    }
}

/// The text of `file`.
fn text_of(file: &Path) -> Result<String, Fault> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = bytes.map_err(|error| Fault::of_file(format!("cannot be read: {error}")))?;
    if let Some(mark) = byte_order_mark(&bytes) {
        return Err(Fault::of_file(format!(
            "begins with a byte order mark of {mark}; save it as UTF-8 without one"
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Fault::of_file(format!("is not UTF-8: byte {at} is not part of a character"))
    })
}

/// What `document` means. The execution that it will have is not known yet.
pub(crate) fn resolve(document: &Value) -> Result<Job, Problems> {
    Job::resolve(document, &Execution::rehearsal(Timestamp::now()))
}

fn byte_order_mark(bytes: &[u8]) -> Option<&'static str> {
    let marks: [(&[u8], _); 3] =
        [(b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16")];
    marks.into_iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, encoding)| encoding)
}

/// Whether a text that is no JSON looks like YAML: its name says so, or its first line is a key or a separator.
fn is_yaml(file: &Path, text: &str) -> bool {
    let by_name = file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.map(str::to_owned).next().unwrap_or_default();
    let key = first.split(':').next().unwrap_or_default();
    let is_key =
        first.contains(':') && !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    by_name || is_key || first == "---"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, content: &[u8]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let faults = read(&path).err().unwrap_or_default();
        faults.iter().map(|fault| fault.line(Path::new(name))).collect()
    }

    #[test]
    fn a_problem_has_the_place_of_its_value() {
        let found =
            faults("run.json", b"{\n \"commands\": [\n  \"true\", 7],\n \"instance_parameters\": {}\n}");
        assert!(
            found.iter().any(|line| line.starts_with("run.json:3:11: error: $.commands[1]: found 7")),
            "{found:?}"
        );
        let missing = "run.json:4:25: error: $.instance_parameters.ImageId: missing";
        assert!(found.iter().any(|line| line.starts_with(missing)), "{found:?}");
    }

    #[test]
    fn a_text_that_is_no_json_is_said_where_it_ends_to_be() {
        assert_eq!(faults("x", b"{\n \"commands\": [}"), ["x:2:15: error: not JSON: expected value"]);
        assert_eq!(faults("x", b""), ["x:1:1: error: not JSON: EOF while parsing a value"]);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let found = faults("x", b"{\"commands\": [], \"commands\": [\"true\"]}");
        assert!(found[0].starts_with("x:1:18: error: $.commands: stands here a second time"), "{found:?}");
    }

    #[test]
    fn a_byte_order_mark_yaml_and_other_encodings_are_called_by_their_name() {
        assert!(faults("x", b"\xef\xbb\xbf{}")[0].contains("byte order mark of UTF-8"));
        assert!(faults("x", b"\xff\xfe{\0}\0")[0].contains("byte order mark of UTF-16"));
        assert!(faults("x", b"{\"a\": \"\xe4\"}")[0].contains("not UTF-8: byte 7"));
        for (name, text) in
            [("x.yaml", "{commands"), ("x", "# a run\ncommands:\n  - true\n"), ("x", "---\na: 1\n")]
        {
            assert_eq!(
                faults(name, text.as_bytes()),
                [format!("{name}: error: is YAML; an execution document is JSON")]
            );
        }
    }
}
