//! The output that a document promises, and whether it can exist at all.

use jiff::Timestamp;
use serde_json::Value;

use super::problem::{Problem, found, quoted};
use super::types::{CheckS3, ExecutionDocument};
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

/// A target, and the JSON paths at which the document names its bucket and its key.
struct Named {
    target: OutputTarget,
    bucket_path: &'static str,
    key_path: &'static str,
}

/// The output to check, if `document` asks for a check. `DAILY` is already replaced in `commands`.
pub(super) fn of(
    document: &ExecutionDocument,
    commands: &[String],
    started: Timestamp,
    warnings: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Option<Output> {
    let promised = promised_object(document, problems);
    let named = match &document.run_options.ii_check_s3 {
        None => promised,
        Some(CheckS3::Promised(false)) => None,
        Some(CheckS3::Promised(true)) => {
            let named = promised.or_else(|| of_options(document)).or_else(|| of_commands(document, commands));
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
    };
    let Named { target, bucket_path, key_path } = named?;
    let target = nextgen::date_output(target, commands, started);
    check(&target, bucket_path, key_path, problems);
    Some(Output { target, bucket_path })
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

fn of_options(document: &ExecutionDocument) -> Option<Named> {
    let target = document.datastream_command_options.as_ref()?.output()?;
    Some(Named {
        target,
        bucket_path: "$.datastream_command_options.s3_bucket",
        key_path: "$.datastream_command_options.s3_prefix",
    })
}

fn of_commands(document: &ExecutionDocument, commands: &[String]) -> Option<Named> {
    document.commands.as_ref()?;
    let target = nextgen::output_of_commands(commands)?;
    Some(Named { target, bucket_path: "$.commands", key_path: "$.commands" })
}

fn explicit_target(explicit: &CheckS3) -> Option<Named> {
    let bucket_path = "$.run_options.ii_check_s3.bucket";
    match explicit {
        CheckS3::Promised(_) => None,
        CheckS3::Key(object) => Some(Named {
            target: OutputTarget::Key { bucket: object.bucket.clone(), key: object.key.clone() },
            bucket_path,
            key_path: "$.run_options.ii_check_s3.key",
        }),
        CheckS3::Prefix(under) => Some(Named {
            target: OutputTarget::Prefix { bucket: under.bucket.clone(), prefix: under.prefix.clone() },
            bucket_path,
            key_path: "$.run_options.ii_check_s3.prefix",
        }),
    }
}

/// Refuses a target that can never exist now, rather than after the run.
fn check(target: &OutputTarget, bucket_path: &str, key_path: &str, problems: &mut Vec<Problem>) {
    let bucket = target.bucket();
    let (key, trimmed) = match target {
        OutputTarget::Key { key, .. } => (key, key.as_str()),
        OutputTarget::Prefix { prefix, .. } => (prefix, prefix.trim_matches('/')),
    };
    if !is_bucket_name(bucket) {
        let message =
            format!("found {}, expected the name of an S3 bucket{}", quoted(bucket), unfilled(bucket));
        problems.push(Problem::new(bucket_path, message));
    }
    if trimmed.is_empty() || key.len() > MAX_KEY_BYTES {
        let message = format!(
            "found {}, expected an S3 key of 1 to {MAX_KEY_BYTES} bytes",
            found(&Value::from(&**key))
        );
        problems.push(Problem::new(key_path, message));
    } else if !unfilled(key).is_empty() {
        let message = format!("found {}, expected the S3 key of the output{}", quoted(key), unfilled(key));
        problems.push(Problem::new(key_path, message));
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const MAX_KEY_BYTES: usize = 1024;

/// Advice for a text with a `$VARIABLE`: only the shell on the instance knows its value.
fn unfilled(text: &str) -> &'static str {
    let starts_variable = |rest: &str| {
        rest.is_empty() || rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '{' | '('))
    };
    let found = text.match_indices('$').any(|(at, _)| starts_variable(&text[at + 1..]));
    if found { "; no shell fills in a $ here: write the value, or set ii_check_s3 to false" } else { "" }
}

/// The characters and the length, by <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.'])
        && !name.contains("..")
}
