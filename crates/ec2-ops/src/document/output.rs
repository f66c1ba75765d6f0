//! The output that a document promises, the inputs that it needs, and whether they can exist at all.

use ec2_ops_limits::s3::{MAX_KEY_BYTES, bucket_name_rule};

use super::problem::{Problem, quoted};
use super::types::{CheckS3, ExecutionDocument, Location, NamedObject, NamedPrefix};
use super::variables::Values;
use crate::nextgen;
use crate::output_target::OutputTarget;

/// An output to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What must exist.
    pub target: OutputTarget,
    /// The JSON path at which the document names its bucket.
    pub bucket_path: &'static str,
}

/// An input that must exist before anything is launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What must exist.
    pub target: OutputTarget,
    /// The JSON path at which the document names it.
    pub path: String,
}

/// A target, and the JSON paths at which the document names its bucket and its key.
struct Named {
    target: OutputTarget,
    bucket_path: &'static str,
    key_path: &'static str,
}

impl NamedObject {
    fn target(&self) -> OutputTarget {
        OutputTarget::Key { bucket: self.bucket.clone(), key: self.key.clone() }
    }
}

impl NamedPrefix {
    fn target(&self) -> OutputTarget {
        OutputTarget::Prefix { bucket: self.bucket.clone(), prefix: self.prefix.clone() }
    }
}

/// The output to check, if `document` asks for a check. `DAILY` is already replaced in `commands`.
pub(super) fn of(
    document: &ExecutionDocument,
    commands: &[String],
    values: &Values<'_>,
    warnings: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Option<Output> {
    let Named { target, bucket_path, key_path } = named(document, commands, warnings, problems)?;
    let or = ", or set ii_check_s3 to false";
    let place = Place { bucket_path, key_path, what: "the S3 key of the output", or };
    let target = complete(&target, commands, values, &place, problems);
    Some(Output { target, bucket_path })
}

/// The inputs of `document`, in its order.
pub(super) fn inputs(
    document: &ExecutionDocument,
    commands: &[String],
    values: &Values<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Input> {
    let mut input = |(i, location): (usize, &Location)| {
        let (target, field) = match location {
            Location::Object(object) => (object.target(), "key"),
            Location::Prefix(prefix) => (prefix.target(), "prefix"),
        };
        let path = format!("$.inputs[{i}]");
        let (bucket_path, key_path) = (format!("{path}.bucket"), format!("{path}.{field}"));
        let place =
            Place { bucket_path: &bucket_path, key_path: &key_path, what: "the S3 key of an input", or: "" };
        Input { target: complete(&target, commands, values, &place, problems), path }
    };
    document.inputs.iter().enumerate().map(&mut input).collect()
}

/// The output that `document` names, at the most explicit of its places.
fn named(
    document: &ExecutionDocument,
    commands: &[String],
    warnings: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Option<Named> {
    let promised = promised_object(document, problems);
    match &document.run_options.ii_check_s3 {
        None => promised,
        Some(CheckS3::Promised(false)) => None,
        Some(CheckS3::Promised(true)) => {
            let named = promised
                .or_else(|| of_options(document, commands))
                .or_else(|| of_commands(document, commands));
            if named.is_none() {
                problems.push(Problem::new(
                    "$.run_options.ii_check_s3",
                    "found true, but nothing says where the output will be; expected bucket and obj_key, {bucket, key}, \
                     {bucket, prefix}, or --S3_BUCKET and --S3_PREFIX in the commands",
                ));
            }
            named
        }
        Some(explicit) => {
            if promised.is_some() {
                let unread = "$.bucket, $.obj_key: not read: run_options.ii_check_s3 names the output";
                warnings.push(unread.to_owned());
            }
            explicit_target(explicit)
        }
    }
}

fn promised_object(document: &ExecutionDocument, problems: &mut Vec<Problem>) -> Option<Named> {
    let (bucket_path, key_path) = ("$.bucket", "$.obj_key");
    match (&document.bucket, &document.obj_key) {
        (Some(bucket), Some(key)) => {
            let target = OutputTarget::Key { bucket: bucket.clone(), key: key.clone() };
            return Some(Named { target, bucket_path, key_path });
        }
        (None, None) => {}
        (Some(_), None) => {
            let message = "missing beside bucket, expected the key of the output object";
            problems.push(Problem::new(key_path, message));
        }
        (None, Some(_)) => {
            let message = "missing beside obj_key, expected the bucket of the output object";
            problems.push(Problem::new(bucket_path, message));
        }
    }
    None
}

fn of_options(document: &ExecutionDocument, commands: &[String]) -> Option<Named> {
    let target = document.datastream_command_options.as_ref()?.output()?;
    Some(Named {
        target: nextgen::last_object(target, commands),
        bucket_path: "$.datastream_command_options.s3_bucket",
        key_path: "$.datastream_command_options.s3_prefix",
    })
}

fn of_commands(document: &ExecutionDocument, commands: &[String]) -> Option<Named> {
    document.commands.as_ref()?;
    let target = nextgen::last_object(nextgen::output_of_commands(commands)?, commands);
    Some(Named { target, bucket_path: "$.commands", key_path: "$.commands" })
}

fn explicit_target(explicit: &CheckS3) -> Option<Named> {
    let bucket_path = "$.run_options.ii_check_s3.bucket";
    match explicit {
        CheckS3::Promised(_) => None,
        CheckS3::Object(object) => {
            Some(Named { target: object.target(), bucket_path, key_path: "$.run_options.ii_check_s3.key" })
        }
        CheckS3::Prefix(under) => {
            Some(Named { target: under.target(), bucket_path, key_path: "$.run_options.ii_check_s3.prefix" })
        }
    }
}

/// Where a document names a target, and what messages say about it.
struct Place<'a> {
    bucket_path: &'a str,
    key_path: &'a str,
    /// What the key is.
    what: &'static str,
    /// What else helps, if a variable is unknown.
    or: &'static str,
}

impl Place<'_> {
    fn advice(&self, error: &str) -> String {
        format!("; {error}: write the value{}", self.or)
    }
}

/// Dates `target` and fills in its variables. Refuses one that can never exist now, rather than after the run.
fn complete(
    target: &OutputTarget,
    commands: &[String],
    values: &Values<'_>,
    place: &Place<'_>,
    problems: &mut Vec<Problem>,
) -> OutputTarget {
    let dated = nextgen::date_output(target, commands, values.started);
    let mut problem = |path: &str, text: &str, expected: &str, advice: &str| {
        problems.push(Problem::new(path, format!("found {}, expected {expected}{advice}", quoted(text))));
    };
    let bucket = values.fill(dated.bucket());
    match &bucket {
        Ok(bucket) => {
            if let Some(rule) = bucket_name_rule(bucket) {
                problem(place.bucket_path, bucket, "the name of an S3 bucket", &format!(", which {rule}"));
            }
        }
        Err(error) => {
            problem(place.bucket_path, dated.bucket(), "the name of an S3 bucket", &place.advice(error));
        }
    }
    let key = values.fill(dated.key());
    match &key {
        Ok(key) if is_key(target, key) => {}
        Ok(key) => problem(place.key_path, key, &format!("an S3 key of 1 to {MAX_KEY_BYTES} bytes"), ""),
        Err(error) => problem(place.key_path, dated.key(), place.what, &place.advice(error)),
    }
    match (bucket, key) {
        (Ok(bucket), Ok(key)) => dated.at(bucket, key),
        _ => dated,
    }
}

/// Whether something can have this key, or be under this prefix.
fn is_key(target: &OutputTarget, key: &str) -> bool {
    let trimmed = match target {
        OutputTarget::Key { .. } => key,
        OutputTarget::Prefix { .. } => key.trim_matches('/'),
    };
    !trimmed.is_empty() && key.len() <= MAX_KEY_BYTES
}
