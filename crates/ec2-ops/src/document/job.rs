//! What a document comes to: the job that the steps carry out.

use jiff::Timestamp;
use serde_json::Value;

use super::instance_parameters::InstanceParameters;
use super::legacy;
use super::problem::{Problem, Problems, found};
use super::schema;
use super::types::{CheckS3, ExecutionDocument, RunOptions};
use crate::ids::Region;
use crate::nextgen;
use crate::ports::OutputTarget;
use crate::tags::OnEnd;

/// A validated document, with everything decided that it leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Where to run; `None` is the deployment's own region.
    pub region: Option<Region>,
    /// The shell script, entry by entry.
    pub commands: Vec<String>,
    /// The object that must exist afterwards, where the document wants that checked.
    pub output: Option<Output>,
    /// What becomes of the instance.
    pub on_end: OnEnd,
    /// Limit on the commands, in seconds.
    pub timeout_s: u32,
    /// How many attempts may be made, the first included.
    pub attempts_allowed: u32,
    /// Whether to try Spot first.
    pub spot_first: bool,
    /// Whether the execution is to end as FAILED without a success; `None` is the deployment's default.
    pub fail_execution: Option<bool>,
    /// RunInstances arguments, as the document gives them.
    pub instance: InstanceParameters,
    /// What the document's author should know; part of the outcome.
    pub warnings: Vec<String>,
}

/// An output to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What must exist.
    pub target: OutputTarget,
    /// Where the document names its bucket, as a JSON path.
    pub bucket_path: &'static str,
}

/// How large a document may be, in bytes: Step Functions limits a state's whole input to 262,144, and the record of up to
/// 11 attempts joins it there. See <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const MAX_BYTES: usize = 192 * 1024;

impl Job {
    /// Validates `document` whole and decides what it leaves open, for an execution that started at `started`.
    ///
    /// # Errors
    /// Every problem of the document, each with its JSON path.
    pub fn resolve(document: &Value, started: Timestamp) -> Result<Self, Problems> {
        let mut modern = document.clone();
        let mut warnings = legacy::modernise(&mut modern);
        let mut problems = schema::problems(&modern);
        let size = document.to_string().len();
        if size > MAX_BYTES {
            problems.push(Problem::new("$", format!("{size} bytes, at most {MAX_BYTES} are possible")));
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let document: ExecutionDocument = serde_json::from_value(modern)
            .map_err(|error| Problems(vec![Problem::new("$", error.to_string())]))?;

        let commands = commands(&document, started, &mut problems);
        let output = output(&document, &commands, started, &mut problems);
        check_instance(&document.instance_parameters, &mut problems);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let options = &document.run_options;
        if options.ii_cheapo && options.n_retries_allowed == 0 {
            warnings.push(
                "$.run_options.ii_cheapo: the last attempt is on demand, so it takes n_retries_allowed to try Spot"
                    .to_owned(),
            );
        }
        Ok(Self {
            region: document.region,
            commands,
            output,
            on_end: OnEnd {
                terminate: options.ii_terminate_instance,
                delete_volumes: options.ii_delete_volume,
            },
            timeout_s: options.timeout_s,
            attempts_allowed: options.n_retries_allowed + 1,
            spot_first: options.ii_cheapo,
            fail_execution: options.fail_execution,
            instance: document.instance_parameters,
            warnings,
        })
    }
}

fn commands(document: &ExecutionDocument, started: Timestamp, problems: &mut Vec<Problem>) -> Vec<String> {
    let commands = match (&document.commands, &document.datastream_command_options) {
        (Some(commands), None) => commands.clone(),
        (None, Some(options)) => vec![nextgen::datastream_command(options)],
        (None, None) => {
            problems.push(Problem::new("$.commands", "missing, expected a list of shell commands"));
            return Vec::new();
        }
        (Some(_), Some(_)) => {
            let message = "found beside commands, expected only one of the two";
            problems.push(Problem::new("$.datastream_command_options", message));
            return Vec::new();
        }
    };
    if commands.iter().all(|command| command.trim().is_empty()) {
        problems.push(Problem::new("$.commands", "every entry is empty, expected a shell command"));
    }
    for (i, _) in commands.iter().enumerate().filter(|(_, command)| command.contains('\0')) {
        problems.push(Problem::new(
            format!("$.commands[{i}]"),
            "contains a NUL character, which no shell can take",
        ));
    }
    nextgen::resolve_daily(&commands, started)
}

fn output(
    document: &ExecutionDocument,
    commands: &[String],
    started: Timestamp,
    problems: &mut Vec<Problem>,
) -> Option<Output> {
    let promised = promised_object(document, problems);
    let RunOptions { ii_check_s3, .. } = &document.run_options;
    let target = match ii_check_s3 {
        None => promised,
        Some(CheckS3::Promised(false)) => None,
        Some(CheckS3::Promised(true)) => {
            let target = promised
                .or_else(|| nextgen::output_of_options(document.datastream_command_options.as_ref()?))
                .or_else(|| nextgen::output_of_commands(commands));
            if target.is_none() {
                problems.push(Problem::new(
                    "$.run_options.ii_check_s3",
                    "found true, but nothing says where the output will be; expected bucket and obj_key, {bucket, key}, \
                     {bucket, prefix}, or --S3_BUCKET and --S3_PREFIX in the commands",
                ));
            }
            target
        }
        Some(CheckS3::Key(object)) => {
            Some(OutputTarget::Key { bucket: object.bucket.clone(), key: object.key.clone() })
        }
        Some(CheckS3::Prefix(prefix)) => {
            Some(OutputTarget::Prefix { bucket: prefix.bucket.clone(), prefix: prefix.prefix.clone() })
        }
    };
    let target = nextgen::date_output(target?, commands, started);
    let (bucket_path, key_path) = paths(document);
    check_target(&target, bucket_path, key_path, problems);
    Some(Output { target, bucket_path })
}

fn promised_object(document: &ExecutionDocument, problems: &mut Vec<Problem>) -> Option<OutputTarget> {
    match (&document.bucket, &document.obj_key) {
        (Some(bucket), Some(key)) => Some(OutputTarget::Key { bucket: bucket.clone(), key: key.clone() }),
        (None, None) => None,
        (Some(_), None) => {
            problems
                .push(Problem::new("$.obj_key", "missing, expected the key of the output object in bucket"));
            None
        }
        (None, Some(_)) => {
            problems.push(Problem::new("$.bucket", "missing, expected the bucket of obj_key"));
            None
        }
    }
}

/// Where `document` names the bucket and the key of its output.
fn paths(document: &ExecutionDocument) -> (&'static str, &'static str) {
    match document.run_options.ii_check_s3 {
        Some(CheckS3::Key(_)) => ("$.run_options.ii_check_s3.bucket", "$.run_options.ii_check_s3.key"),
        Some(CheckS3::Prefix(_)) => ("$.run_options.ii_check_s3.bucket", "$.run_options.ii_check_s3.prefix"),
        _ if document.bucket.is_some() => ("$.bucket", "$.obj_key"),
        _ if document.commands.is_some() => ("$.commands", "$.commands"),
        _ => ("$.datastream_command_options.s3_bucket", "$.datastream_command_options.s3_prefix"),
    }
}

fn check_target(target: &OutputTarget, bucket_path: &str, key_path: &str, problems: &mut Vec<Problem>) {
    if !is_bucket_name(target.bucket()) {
        let message = format!("found {:?}, expected the name of an S3 bucket", target.bucket());
        problems.push(Problem::new(bucket_path, message));
    }
    let key = match target {
        OutputTarget::Key { key, .. } => key.as_str(),
        OutputTarget::Prefix { prefix, .. } => prefix.trim_matches('/'),
    };
    if key.is_empty() || key.len() > 1024 {
        let message = format!("found {}, expected an S3 key of 1 to 1,024 bytes", found(&Value::from(key)));
        problems.push(Problem::new(key_path, message));
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, as far as letters go.
fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.'])
        && !name.contains("..")
}

fn check_instance(instance: &InstanceParameters, problems: &mut Vec<Problem>) {
    const PATH: &str = "$.instance_parameters";
    let id = instance.image_id.strip_prefix("ami-").unwrap_or("");
    if !matches!(id.len(), 8 | 17) || !id.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)) {
        let message = format!(
            "found {:?}, expected the id of an AMI, ami- and 17 hexadecimal digits",
            instance.image_id
        );
        problems.push(Problem::new(format!("{PATH}.ImageId"), message));
    }
    let (family, size) = instance.instance_type.split_once('.').unwrap_or_default();
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if !plain(family) || !plain(size) {
        let message =
            format!("found {:?}, expected an instance type such as t4g.large", instance.instance_type);
        problems.push(Problem::new(format!("{PATH}.InstanceType"), message));
    }
    let specifications = instance.tag_specifications.iter().flatten().enumerate();
    for (i, tag) in specifications.flat_map(|(i, spec)| spec.tags.iter().map(move |tag| (i, tag))) {
        // Ours decide what the cleanup may touch; AWS's own prefix is refused by AWS.
        if tag.key.starts_with("ec2-ops:") || tag.key.starts_with("aws:") {
            let message =
                format!("found the tag {:?}, expected none that begins with ec2-ops: or aws:", tag.key);
            problems.push(Problem::new(format!("{PATH}.TagSpecifications[{i}]"), message));
        }
    }
}
