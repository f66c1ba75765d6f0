//! The job that the steps carry out, resolved from a document.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;
use serde_json::Value;

use super::instance_parameters::{InstanceParameters, OneOrMore};
use super::output::{self, Input, Output};
use super::problem::{Problem, Problems};
use super::types::{ExecutionDocument, RunOptions};
use super::variables::{self, Secret, Values};
use super::{launch, legacy, remains, system, validate};
use crate::execution::Execution;
use crate::ids::{AttemptId, Region};
use crate::nextgen::{self, DatastreamCommandOptions};
use crate::script::{self, Finding};
use crate::status::Status;
use crate::tags::OnEnd;

/// A validated document, with every default filled in: what the steps carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The region; `None` is the deployment's own.
    pub region: Option<Region>,
    /// The shell script, entry by entry.
    pub commands: Vec<String>,
    /// The object that must exist afterwards, if the document asks for a check.
    pub output: Option<Output>,
    /// What must exist before anything is launched.
    pub inputs: Vec<Input>,
    /// How long an attempt waits for its inputs, in seconds.
    pub inputs_timeout_s: u32,
    /// Exported to the commands, by name; already filled in elsewhere.
    pub variables: BTreeMap<String, String>,
    /// Read on the instance and exported to the commands, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// The number of the row of a fleet, from 0.
    pub row: Option<u32>,
    /// How the instance is ended.
    pub on_end: OnEnd,
    /// Limit on the commands, in seconds.
    pub timeout_s: u32,
    /// How many attempts are allowed, the first included.
    pub attempts_allowed: u32,
    /// The statuses after which another attempt is made; `None` leaves it to the status.
    pub retry_on: Option<Vec<Status>>,
    /// How long an execution waits before another attempt.
    pub backoff: Backoff,
    /// How long a launch that EC2 cannot make now is tried again, in seconds; `None` leaves it to the reason.
    pub launch_timeout_s: Option<u32>,
    /// Whether to try Spot first.
    pub spot_first: bool,
    /// RunInstances arguments, as the document gives them.
    pub instance: InstanceParameters<OneOrMore>,
    /// The topic that gets a message about the end, beside the deployment's own.
    pub notify: Option<String>,
    /// Warnings about the document; part of the outcome.
    pub warnings: Vec<String>,
}

/// The wait before another attempt, as far as the document names it: `base_s` × `rate`^(attempts made + 1), at most
/// `max_s`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Backoff {
    /// In seconds.
    pub base_s: Option<u32>,
    /// The factor for each attempt.
    pub rate: Option<f64>,
    /// In seconds.
    pub max_s: Option<u32>,
}

/// How large a document may be, in bytes: Step Functions limits the whole state to 262,144, which also holds the records of
/// up to 11 attempts. See <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const MAX_BYTES: usize = 192 * 1024;

impl Job {
    /// Resolves `document` for `execution`.
    ///
    /// It works in four stages, and makes no AWS call:
    ///
    /// 1. The structure is validated against [`json_schema`](super::json_schema): names, types, limits.
    /// 2. Fields of older documents are renamed, or dropped with a warning.
    /// 3. `DAILY` is replaced with the date of the forecast cycle, variables are filled in, inputs and output are found.
    /// 4. The fields are checked together: whether the output can exist, whether EC2 could accept the launch.
    ///
    /// The result depends only on the arguments. So every step of every attempt resolves the document anew and gets the
    /// same job, and no step relies on a digest that a function of another version has written.
    ///
    /// # Errors
    /// Every problem of the document, each with its JSON path, what was found and what was expected. Stages 2 to 4 follow
    /// only if the structure is valid.
    ///
    /// # Example
    ///
    /// ```
    /// use ec2_ops::Execution;
    /// use ec2_ops::document::Job;
    /// use ec2_ops::ids::ExecutionId;
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let id = ExecutionId::new("arn:aws:states:us-east-1:000000000000:execution:ec2-ops:run-7");
    /// let execution = Execution { id, started: "2026-03-01T05:30:00Z".parse()? };
    /// let mut document = json!({
    ///     "commands": ["./ngen.sh DAILY", "aws s3 cp out.nc s3://my-bucket/ngen.DAILY/out.nc"],
    ///     "bucket": "my-bucket",
    ///     "obj_key": "ngen.DAILY/$VPU/$EC2_OPS_EXECUTION.nc",
    ///     "variables": { "VPU": "01" },
    ///     "run_options": { "n_retries_allowed": 2, "ii_cheapo": true, "ii_terminate_instance": true, "check_s3": true },
    ///     "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.large" },
    /// });
    ///
    /// let job = Job::resolve(&document, &execution).map_err(|problems| problems.to_string())?;
    /// // A cycle counts once its day is over, so `DAILY` is yesterday.
    /// assert_eq!(job.commands[0], "./ngen.sh 20260228");
    /// assert_eq!(job.output.unwrap().target.to_string(), "s3://my-bucket/ngen.20260228/01/run-7.nc");
    /// // The document's retries are attempts beside the first; what it leaves out has a default.
    /// assert_eq!((job.attempts_allowed, job.timeout_s, job.spot_first), (3, 3600, true));
    /// assert_eq!(job.warnings, ["$.run_options.check_s3: found true, not read: ii_check_s3 decides"]);
    ///
    /// document["run_options"]["timeout_s"] = json!("120");
    /// document["instance_parameters"]["instance_type"] = json!("t4g.large");
    /// let problems = Job::resolve(&document, &execution).unwrap_err();
    /// let messages: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
    /// assert_eq!(messages, [
    ///     "$.run_options.timeout_s: found \"120\", expected an integer from 30 to 172800",
    ///     "$.instance_parameters.instance_type: unknown name; did you mean InstanceType?",
    /// ]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve(document: &Value, execution: &Execution) -> Result<Self, Problems> {
        let (mut warnings, mut problems) = (Vec::new(), Vec::new());
        let written = document;
        let document = read(written, &mut warnings, &mut problems);
        let Some(mut document) = document.filter(|_| problems.is_empty()) else {
            return Err(Problems(problems));
        };
        let names = document.variables.keys().chain(document.secrets.keys()).map(String::as_str);
        let undated = commands(&document, &mut warnings, &mut problems);
        let commands = nextgen::resolve_daily(&undated, names, execution.started);
        warnings.extend(nextgen::surprise(&undated, &commands));
        warnings.extend(remains::warnings(written, &document));
        // `document` is taken apart below.
        let has_commands = document.commands.is_some();
        let at = |finding: Finding| match finding.entry {
            _ if !has_commands => Problem::new("$.datastream_command_options", finding.message),
            Some(i) => Problem::new(format!("$.commands[{i}]"), finding.message),
            None => Problem::new("$.commands", finding.message),
        };
        problems.extend(script::problems(&commands).into_iter().map(at));
        warnings.extend(script::warnings(&commands).into_iter().map(|finding| at(finding).to_string()));
        variables::check(&document.variables, &document.secrets, &mut problems);
        let values = Values {
            variables: &document.variables,
            execution: execution.id.name(),
            row: document.row,
            started: execution.started,
        };
        let output = output::of(&document, &commands, &values, &mut warnings, &mut problems);
        let inputs = output::inputs(&document, &commands, &values, &mut problems);
        launch::fill(&mut document.instance_parameters, &values, &mut problems);
        launch::secure(&mut document.instance_parameters);
        launch::check_region(document.region.as_ref(), &mut problems);
        launch::check(&document.instance_parameters, &mut problems);
        system::check(&document.instance_parameters, &mut problems);
        check_retries(&document.run_options, &mut problems);
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
        let job = Self {
            region: document.region.take(),
            commands,
            output,
            inputs,
            inputs_timeout_s: options.inputs_timeout_s,
            secrets: secrets(&document),
            variables: document.variables,
            row: document.row,
            on_end: OnEnd {
                terminate: options.ii_terminate_instance,
                delete_volumes: options.ii_delete_volume,
            },
            timeout_s: options.timeout_s,
            attempts_allowed: options.n_retries_allowed + 1,
            retry_on: options.retry_on.clone(),
            backoff: Backoff {
                base_s: options.retry_backoff_base_s,
                rate: options.retry_backoff_rate,
                max_s: options.retry_backoff_max_s,
            },
            launch_timeout_s: options.launch_timeout_s,
            spot_first: options.ii_cheapo,
            notify: options.notify.clone(),
            instance: document.instance_parameters,
            warnings,
        };
        let attempt = AttemptId { execution: execution.id.clone(), attempt: job.attempts_allowed };
        match script::too_large(&job.script(&attempt, &Region::new("ap-southeast-2"))) {
            Some(finding) => Err(Problems(vec![at(finding)])),
            None => Ok(job),
        }
    }

    /// The script that `attempt` sends to its instance in `region`.
    pub(crate) fn script(&self, attempt: &AttemptId, region: &Region) -> String {
        let variables = self.environment(attempt);
        let environment = script::Environment { variables: &variables, secrets: &self.secrets, region };
        script::of(&self.commands, environment, &attempt.fingerprint(), self.timeout_s)
    }

    /// What the commands of `attempt` find in their environment, by name: the document's variables, and what they can know
    /// of their execution.
    pub(crate) fn environment(&self, attempt: &AttemptId) -> BTreeMap<String, String> {
        let mut all = self.variables.clone();
        all.insert(variables::EXECUTION.to_owned(), attempt.execution.name().to_owned());
        all.insert("EC2_OPS_ATTEMPT".to_owned(), attempt.attempt.to_string());
        all.extend(self.row.map(|row| (variables::ROW.to_owned(), row.to_string())));
        if let Some(Output { target, .. }) = &self.output {
            all.insert("EC2_OPS_OUTPUT_BUCKET".to_owned(), target.bucket().to_owned());
            all.insert("EC2_OPS_OUTPUT_KEY".to_owned(), target.key().to_owned());
        }
        all
    }
}

fn secrets(document: &ExecutionDocument) -> BTreeMap<String, Secret> {
    let parsed = |(name, source): (&String, &String)| Some((name.clone(), Secret::parse(source)?));
    document.secrets.iter().filter_map(parsed).collect()
}

/// Refuses a status after which there is nothing that another attempt could do.
fn check_retries(options: &RunOptions, problems: &mut Vec<Problem>) {
    for (i, status) in options.retry_on.iter().flatten().enumerate().filter(|(_, status)| status.is_final()) {
        let message = format!("found {status:?}, after which no attempt can follow");
        problems.push(Problem::new(format!("$.run_options.retry_on[{i}]"), message));
    }
}

/// Validates the structure of `document` and parses it.
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

/// The length of `document` as compact JSON, in bytes.
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

fn commands(
    document: &ExecutionDocument,
    warnings: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let mut commands = match (&document.commands, &document.datastream_command_options) {
        (Some(commands), None) => commands.clone(),
        (None, Some(options)) => {
            check_options(options, problems);
            return vec![options.command()];
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
    for (i, command) in commands.iter_mut().enumerate().filter(|(_, command)| command.contains('\r')) {
        let unix = command.replace("\r\n", "\n");
        let unix = unix.strip_suffix('\r').unwrap_or(&unix);
        if unix != command {
            unix.clone_into(command);
            warnings.push(format!("$.commands[{i}]: its line ends of Windows are replaced by line feeds"));
        }
    }
    commands
}

/// Checks the values, which become words of one command, inside single quotes.
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
