//! The `ec2-ops` command: tries executions on this machine, and checks documents, without an AWS account.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command speaks to a terminal")]

mod documents;
mod leftovers;
mod progress;
mod run;
mod scale;
mod serve;
mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// With the system's allocator, a simulation spends a third of its time in allocation, mostly of JSON.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Launches EC2 instances, runs commands on them, proves the output, leaves nothing running - here, in a sandbox.
#[derive(Parser)]
#[command(name = "ec2-ops", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run an execution document end to end in a fresh sandbox
    ///
    /// Progress goes to stderr, the outcome as JSON to stdout. Exit code: 0 for a success, 1 for any other outcome,
    /// 2 for an invalid document or a usage error, 130 after Ctrl-C.
    ///
    /// The document's commands really run, as you, on this machine: in a home directory of their own, but with
    /// your rights.
    Run {
        /// The execution document, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        sandbox: SandboxArgs,
    },
    /// Keep a sandbox running, for the aws CLI and for SDKs
    Serve {
        /// The port on 127.0.0.1; 0 takes any free one
        #[arg(long, default_value_t = 4566)]
        port: u16,
        /// Enforce AWS's quotas: token buckets of EC2, SSM and Step Functions, and Lambda's concurrency
        #[arg(long)]
        quotas: bool,
        #[command(flatten)]
        sandbox: SandboxArgs,
    },
    /// Check execution documents and name every problem
    Validate {
        /// Execution documents, or - for standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Try to break the promises, in virtual time, under seeded schedules of faults
    ///
    /// Exit code: 0 if no promise was broken, 1 otherwise.
    Simulate {
        #[command(flatten)]
        args: simulate::SimulateArgs,
    },
    /// Print the JSON Schema of the execution document
    Schema,
    /// Run inside a sandbox instance
    #[command(hide = true, disable_help_flag = true)]
    Guest {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// The options of the sandbox.
#[derive(Args)]
struct SandboxArgs {
    /// A bucket to create in the sandbox; may be repeated. `sandbox-output` always exists
    #[arg(long = "bucket", value_name = "NAME")]
    buckets: Vec<String>,
    /// Keep the directory with the instances' files and the functions' logs, and say where it is
    #[arg(long)]
    keep: bool,
}

/// The exit code of a usage error or an invalid document.
const EXIT_INVALID: u8 = 2;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run { file, sandbox } => block_on(run::run(&file, &sandbox)),
        Command::Serve { port, quotas, sandbox } => block_on(serve::serve(port, quotas, &sandbox)),
        Command::Validate { files } => documents::validate(&files),
        Command::Simulate { args } => simulate::simulate(&args),
        Command::Schema => documents::schema(),
        Command::Guest { args } => ec2_ops_guest::main(args),
    }
}

fn block_on(command: impl Future<Output = Result<ExitCode, String>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    runtime.block_on(command).unwrap_or_else(|error| fail(&error))
}

fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(EXIT_INVALID)
}
