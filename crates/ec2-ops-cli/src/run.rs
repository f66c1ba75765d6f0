//! `run`: one execution in its own sandbox, with progress to its end.

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ec2_ops::document::{Job, Problems};
use ec2_ops::{Outcome, Status};
use ec2_ops_asl::{Ending, Execution};
use ec2_ops_sandbox::stepfunctions::api::StartExecutionRequest;
use ec2_ops_sandbox::{Sandbox, SandboxConfig};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::progress::{Progress, Style};
use crate::{EXIT_INVALID, SandboxArgs, documents, leftovers};

/// The bucket for the output of examples. Every sandbox has it.
const OUTPUT_BUCKET: &str = "sandbox-output";
/// The interval between updates of the progress.
const INTERVAL: Duration = Duration::from_millis(20);
/// The exit code after Ctrl-C, by the convention of shells.
const EXIT_INTERRUPTED: u8 = 130;

/// Runs the document in `file`, and prints its outcome.
pub(crate) async fn run(file: &Path, args: &SandboxArgs) -> Result<ExitCode, String> {
    let document = match valid(file) {
        Ok(document) => document,
        Err(Problems(problems)) => {
            for problem in problems {
                eprintln!("{}: error: {problem}", file.display());
            }
            return Ok(ExitCode::from(EXIT_INVALID));
        }
    };
    let mut interruption = Interruption::watch()?;
    let style = Style::of_stderr();
    let directory = directory()?;
    let sandbox = start(0, directory.path(), args).await?;
    let finished = tokio::select! {
        ending = execute(&sandbox, &document, style) => Some(ending?),
        () = interruption.wait() => None,
    };
    if finished.is_none() {
        eprintln!("interrupted: ending everything");
    } else {
        eprintln!("{}", leftovers::sentence(sandbox.account()).await);
    }
    sandbox.shut_down().await.map_err(|error| error.to_string())?;
    keep(directory, args);
    let Some(ending) = finished else { return Ok(ExitCode::from(EXIT_INTERRUPTED)) };
    let report = Report::of(&ending);
    println!("{}", serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?);
    Ok(if report.status() == Status::Succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The document in `file`, if it is valid.
fn valid(file: &Path) -> Result<Value, Problems> {
    let document = documents::read(file)?;
    Job::resolve(&document, &ec2_ops::Execution::rehearsal(Timestamp::now()))?;
    Ok(document)
}

/// A sandbox below `root`, with the Lambda binaries from the directory of this executable.
pub(crate) async fn start(port: u16, root: &Path, args: &SandboxArgs) -> Result<Sandbox, String> {
    let tools = std::env::current_exe().map_err(|error| format!("cannot find this executable: {error}"))?;
    let lambdas = tools.parent().unwrap_or(Path::new(".")).to_owned();
    let mut buckets = args.buckets.clone();
    buckets.push(OUTPUT_BUCKET.to_owned());
    let config = SandboxConfig { port, root: root.to_owned(), tools, lambdas, buckets };
    Sandbox::start(config).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => {
                format!(
                    "port {port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one"
                )
            }
            _ => error.to_string(),
        };
        format!("cannot start the sandbox: {why}")
    })
}

/// The directory of the sandbox. Its path is short, because the paths of sockets below it have a limit.
pub(crate) fn directory() -> Result<tempfile::TempDir, String> {
    tempfile::Builder::new()
        .prefix("ec2-ops-")
        .tempdir()
        .map_err(|error| format!("cannot create a directory: {error}"))
}

/// Keeps `directory`, if `--keep` is given.
pub(crate) fn keep(directory: tempfile::TempDir, args: &SandboxArgs) {
    if args.keep {
        eprintln!("kept: {}", directory.keep().display());
    }
}

/// SIGINT (Ctrl-C) or SIGTERM.
pub(crate) struct Interruption {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruption {
    /// From now on these signals do not end the process, so that it can clean up.
    pub(crate) fn watch() -> Result<Self, String> {
        let signal = |kind| signal(kind).map_err(|error| format!("cannot watch for signals: {error}"));
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Returns at the next signal.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn execute(sandbox: &Sandbox, document: &Value, style: Style) -> Result<Ending, String> {
    let request = StartExecutionRequest {
        state_machine_arn: sandbox.state_machine_arn().to_owned(),
        name: None,
        input: Some(document.to_string()),
    };
    let stepfunctions = &sandbox.account().stepfunctions;
    let started = stepfunctions.start_execution(request).map_err(|error| error.to_string())?;
    let execution = stepfunctions.execution(&started.execution_arn).map_err(|error| error.to_string())?;
    Ok(watch(&execution, style).await)
}

async fn watch(execution: &Arc<Execution>, style: Style) -> Ending {
    let mut progress = Progress::new(execution.started(), style);
    loop {
        let ending = execution.history().ending();
        progress.show(&execution.history().events());
        if let Some((ending, _)) = ending {
            return ending;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The JSON that `run` prints.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    /// The outcome of the execution.
    Outcome(Outcome),
    /// The report on an execution that ended without an outcome.
    WithoutOutcome { status: Status, reason: String },
}

impl Report {
    fn of(ending: &Ending) -> Self {
        let outcome = match ending {
            Ending::Succeeded { output } => serde_json::from_value(output["outcome"].clone()).ok(),
            Ending::Failed(failure) => {
                failure.cause.as_deref().and_then(|cause| serde_json::from_str(cause).ok())
            }
            Ending::TimedOut | Ending::Aborted(_) => None,
        };
        let status = match ending {
            Ending::Aborted(_) => Status::Aborted,
            _ => Status::InternalError,
        };
        outcome.map_or_else(|| Self::WithoutOutcome { status, reason: format!("{ending:?}") }, Self::Outcome)
    }

    fn status(&self) -> Status {
        match self {
            Self::Outcome(outcome) => outcome.status,
            Self::WithoutOutcome { status, .. } => *status,
        }
    }
}
