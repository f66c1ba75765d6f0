//! What a document comes to: the job that the steps carry out.

use std::io;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::instance_parameters::InstanceParameters;
use super::output::{self, Output};
use super::problem::{Problem, Problems};
use super::types::{DatastreamCommandOptions, ExecutionDocument};
use super::{launch, legacy, validate};
use crate::ids::Region;
use crate::nextgen;
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
    /// RunInstances arguments, as the document gives them.
    pub instance: InstanceParameters,
    /// What the document's author should know; part of the outcome.
    pub warnings: Vec<String>,
}

/// How large a document may be, in bytes: Step Functions limits a state's whole input to 262,144, and the record of up to
/// 11 attempts joins it there. See <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const MAX_BYTES: usize = 192 * 1024;

impl Job {
    /// Validates `document` whole and decides what it leaves open, for an execution that started at `started`.
    ///
    /// # Errors
    /// Every problem of the document, each with its JSON path. What the fields mean together is looked at once each of
    /// them is right.
    pub fn resolve(document: &Value, started: Timestamp) -> Result<Self, Problems> {
        let (mut warnings, mut problems) = (Vec::new(), Vec::new());
        let document = read(document, &mut warnings, &mut problems);
        let Some(mut document) = document.filter(|_| problems.is_empty()) else {
            return Err(Problems(problems));
        };
        let commands = commands(&document, &mut problems);
        let commands = nextgen::resolve_daily(&commands, started);
        let output = output::of(&document, &commands, started, &mut warnings, &mut problems);
        launch::check_region(document.region.as_ref(), &mut problems);
        launch::check(&document.instance_parameters, &mut problems);
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
            region: document.region.take(),
            commands,
            output,
            on_end: OnEnd {
                terminate: options.ii_terminate_instance,
                delete_volumes: options.ii_delete_volume,
            },
            timeout_s: options.timeout_s,
            attempts_allowed: options.n_retries_allowed + 1,
            spot_first: options.ii_cheapo,
            instance: document.instance_parameters,
            warnings,
        })
    }
}

/// Reads `document`, field by field.
fn read(
    document: &Value,
    warnings: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Option<ExecutionDocument> {
    let size = size(document);
    if size > MAX_BYTES {
        problems.push(Problem::new("$", format!("found {size} bytes of JSON, expected at most {MAX_BYTES}")));
        return None;
    }
    problems.extend(validate::problems(document));
    if !problems.is_empty() {
        return None;
    }
    let modern = legacy::modernise(document, warnings, problems);
    match ExecutionDocument::deserialize(&*modern) {
        Ok(document) => Some(document),
        Err(error) => {
            problems.push(Problem::new("$", error.to_string()));
            None
        }
    }
}

/// How long `document` is as compact JSON.
fn size(document: &Value) -> usize {
    struct Counter(usize);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // A value whose keys are strings can always be written.
    serde_json::to_writer(&mut counter, document).map_or(usize::MAX, |()| counter.0)
}

fn commands(document: &ExecutionDocument, problems: &mut Vec<Problem>) -> Vec<String> {
    let commands = match (&document.commands, &document.datastream_command_options) {
        (Some(commands), None) => commands.clone(),
        (None, Some(options)) => {
            check_options(options, problems);
            return vec![nextgen::datastream_command(options)];
        }
        (None, None) => {
            let message = "missing, expected a list of shell commands";
            problems.push(Problem::new("$.commands", message));
            return Vec::new();
        }
        (Some(_), Some(_)) => {
            let message = "found beside commands, expected only one of the two";
            problems.push(Problem::new("$.datastream_command_options", message));
            return Vec::new();
        }
    };
    if commands.iter().all(|command| command.trim().is_empty()) {
        problems.push(Problem::new("$.commands", "found only empty entries, expected a shell command"));
    }
    for (i, _) in commands.iter().enumerate().filter(|(_, command)| command.contains('\0')) {
        let message = "found a NUL character, expected text that a shell can take";
        problems.push(Problem::new(format!("$.commands[{i}]"), message));
    }
    commands
}

/// The values become words of one command, inside single quotes.
fn check_options(options: &DatastreamCommandOptions, problems: &mut Vec<Problem>) {
    const PATH: &str = "$.datastream_command_options";
    for (name, value) in options.named() {
        if value.trim().is_empty() || value.contains(['\'', '\n', '\0']) {
            let message =
                format!("found {value:?}, expected a value for the command line, without a single quote");
            problems.push(Problem::new(format!("{PATH}.{name}"), message));
        }
    }
    let missing = match (&options.s3_bucket, &options.s3_prefix) {
        (Some(_), None) => Some(("s3_prefix", "s3_bucket")),
        (None, Some(_)) => Some(("s3_bucket", "s3_prefix")),
        _ => None,
    };
    if let Some((missing, given)) = missing {
        let message = format!("missing beside {given}, expected both or none");
        problems.push(Problem::new(format!("{PATH}.{missing}"), message));
    }
}
