//! `run`: one execution in a sandbox of its own, watched to its end.

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
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::progress::Progress;
use crate::{EXIT_INVALID, SandboxArgs, documents};

/// The bucket that every sandbox has, for examples to write to.
const OUTPUT_BUCKET: &str = "sandbox-output";
/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// The exit code after Ctrl-C, as shells have it.
const EXIT_INTERRUPTED: u8 = 130;

/// Runs the document in `file`, and prints its outcome.
pub(crate) async fn run(file: &Path, args: &SandboxArgs) -> Result<ExitCode, String> {
    let document = match documents::read(file).and_then(|document| {
        Job::resolve(&document, Timestamp::now())?;
        Ok(document)
    }) {
        Ok(document) => document,
        Err(Problems(problems)) => {
            for problem in problems {
                eprintln!("{}: error: {problem}", file.display());
            }
            return Ok(ExitCode::from(EXIT_INVALID));
        }
    };
    let directory = directory(args)?;
    let sandbox = start(0, directory.path(), args).await?;
    let finished = tokio::select! {
        ending = execute(&sandbox, &document) => Some(ending?),
        () = interrupted() => None,
    };
    sandbox.shut_down().await.map_err(|error| error.to_string())?;
    keep(directory, args);
    let Some(ending) = finished else { return Ok(ExitCode::from(EXIT_INTERRUPTED)) };
    let (outcome, status) = outcome(&ending);
    println!("{}", serde_json::to_string_pretty(&outcome).map_err(|error| error.to_string())?);
    Ok(if status == Status::Succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A sandbox below `root`, with the Lambda binaries that stand beside this executable.
pub(crate) async fn start(port: u16, root: &Path, args: &SandboxArgs) -> Result<Sandbox, String> {
    let tools = std::env::current_exe().map_err(|error| format!("cannot find this executable: {error}"))?;
    let lambdas = tools.parent().unwrap_or(Path::new(".")).to_owned();
    let mut buckets = args.buckets.clone();
    buckets.push(OUTPUT_BUCKET.to_owned());
    let config = SandboxConfig { port, root: root.to_owned(), tools, lambdas, buckets };
    Sandbox::start(config).await.map_err(|error| format!("cannot start the sandbox: {error}"))
}

/// The sandbox's own directory. Its path is short, since sockets below it must be.
pub(crate) fn directory(_: &SandboxArgs) -> Result<tempfile::TempDir, String> {
    tempfile::Builder::new()
        .prefix("ec2-ops-")
        .tempdir()
        .map_err(|error| format!("cannot make a directory: {error}"))
}

/// Leaves `directory` where it is, if that is wanted.
pub(crate) fn keep(directory: tempfile::TempDir, args: &SandboxArgs) {
    if args.keep {
        eprintln!("kept: {}", directory.keep().display());
    }
}

/// Waits for Ctrl-C, or for a polite kill.
pub(crate) async fn interrupted() {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn execute(sandbox: &Sandbox, document: &Value) -> Result<Ending, String> {
    let request = StartExecutionRequest {
        state_machine_arn: sandbox.state_machine_arn().to_owned(),
        name: None,
        input: Some(document.to_string()),
    };
    let stepfunctions = &sandbox.account().stepfunctions;
    let started = stepfunctions.start_execution(request).map_err(|error| error.to_string())?;
    let execution = stepfunctions.execution(&started.execution_arn).map_err(|error| error.to_string())?;
    Ok(watch(&execution).await)
}

async fn watch(execution: &Arc<Execution>) -> Ending {
    let mut progress = Progress::new(execution.started());
    loop {
        let ending = execution.history().ending();
        progress.show(&execution.history().events());
        if let Some((ending, _)) = ending {
            return ending;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The outcome that the execution tells, or what stands for it where it could not tell one.
fn outcome(ending: &Ending) -> (Value, Status) {
    let told = match ending {
        Ending::Succeeded { output } => Some(output["outcome"].clone()),
        Ending::Failed(failure) => {
            failure.cause.as_deref().and_then(|cause| serde_json::from_str(cause).ok())
        }
        Ending::TimedOut | Ending::Aborted(_) => None,
    };
    let read = told.as_ref().and_then(|told| serde_json::from_value::<Outcome>(told.clone()).ok());
    match (told, read) {
        (Some(told), Some(outcome)) => (told, outcome.status),
        _ => {
            let status =
                if matches!(ending, Ending::Aborted(_)) { Status::Aborted } else { Status::InternalError };
            (json!({ "status": status, "reason": format!("{ending:?}") }), status)
        }
    }
}
