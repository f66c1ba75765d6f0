//! The `ec2-ops` command: tries executions on this machine, without an AWS account, and runs them in one.

mod console;
mod documents;
mod exit;
mod interruption;
mod leftovers;
mod local;
mod objects;
mod output;
mod pages;
mod progress;
mod run;
mod scale;
mod serve;
mod simulate;
mod smoke;
mod style;
mod triggers;
mod verbs;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use exit::{EXIT_CODES, Exit, Failure};

/// With the system's allocator, a simulation spends a third of its time in allocation, mostly of JSON.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Launches EC2 instances, runs commands on them, proves the output, leaves nothing running: in a sandbox on this machine,
/// or in an AWS account.
#[derive(Parser)]
#[command(name = "ec2-ops", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run execution documents end to end in a fresh sandbox
    ///
    /// Progress and the output of the commands go to stderr, the outcome as JSON to stdout.
    ///
    /// The document's commands really run, as you, on this machine: in a home directory of their own, but with
    /// your rights.
    Run(run::RunArgs),
    /// Keep a sandbox running, for the verbs below, the aws CLI and SDKs
    Serve(serve::ServeArgs),
    /// Check a deployment and a document before anything is paid: rights, image, types, subnets, a dry run of each launch
    Check(verbs::check::CheckArgs),
    /// Start executions in a deployment
    Start(verbs::start::StartArgs),
    /// List the latest executions, by outcome
    List(verbs::list::ListArgs),
    /// Show an execution: its attempts, states, instance, and what it waits for
    Show(verbs::show::ShowArgs),
    /// Print the output of an execution's commands
    Logs(verbs::logs::LogsArgs),
    /// Stop executions, and wait until nothing of them is left
    Stop(verbs::stop::StopArgs),
    /// Run one document for many rows: start, follow, stop, and only the failed rows again
    Fleet(verbs::fleet::FleetArgs),
    /// Interrupt a Spot instance of a sandbox, as EC2 does when it wants the capacity back
    Interrupt(verbs::interrupt::InterruptArgs),
    /// Open a shell on the instance of an execution, with Session Manager
    Shell(verbs::shell::ShellArgs),
    /// Open the console of a deployment in a browser: executions, their output, their instances
    Console(console::ConsoleArgs),
    /// Check a deployment: what can only be assumed of AWS before there is one
    ///
    /// Each check prints a line. Most of them launch an instance, of the smallest type, and end it.
    Smoke(smoke::SmokeArgs),
    /// Count what was run, from the ledger: by day, status, type or project
    Runs(verbs::runs::RunsArgs),
    /// Price what was run, from the ledger
    Cost(verbs::cost::CostArgs),
    /// Check execution documents and name every problem
    Validate {
        /// Execution documents, or - for standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Try to break the promises, in virtual time, under seeded schedules of faults
    Simulate(simulate::SimulateArgs),
    /// Print the JSON Schema of the execution document
    Schema,
    /// Run the aws CLI against the deployment: with the endpoint and the key of the sandbox, or the region of the account
    Aws(verbs::aws::AwsArgs),
    /// Print the completions of this command for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of this command into a directory
    Man {
        /// The directory, such as ~/.local/share/man/man1
        directory: PathBuf,
    },
    /// Run inside a sandbox instance
    #[command(hide = true, disable_help_flag = true)]
    Guest {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Guest { args } => return ec2_ops_guest::main(args),
        Command::Run(args) => block_on(run::run(&args)),
        Command::Serve(args) => block_on(serve::serve(&args)),
        Command::Check(args) => block_on(verbs::check::check(&args)),
        Command::Start(args) => block_on(verbs::start::start(&args)),
        Command::List(args) => block_on(verbs::list::list(&args)),
        Command::Show(args) => block_on(verbs::show::show(&args)),
        Command::Logs(args) => block_on(verbs::logs::logs(&args)),
        Command::Stop(args) => block_on(verbs::stop::stop(&args)),
        Command::Fleet(args) => block_on(verbs::fleet::fleet(&args)),
        Command::Interrupt(args) => block_on(verbs::interrupt::interrupt(&args)),
        Command::Shell(args) => block_on(verbs::shell::shell(&args)),
        Command::Console(args) => block_on(console::console(&args)),
        Command::Smoke(args) => block_on(smoke::smoke(&args)),
        Command::Runs(args) => block_on(verbs::runs::runs(&args)),
        Command::Cost(args) => block_on(verbs::cost::cost(&args)),
        Command::Validate { files } => documents::validate(&files),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Schema => documents::schema(),
        Command::Aws(args) => block_on(verbs::aws::aws(&args)),
        Command::Completions { shell } => pages::completions(&mut Cli::command(), shell),
        Command::Man { directory } => pages::manual(Cli::command(), &directory),
    };
    let exit = done.unwrap_or_else(|failure| {
        let (exit, message) = failure.exit();
        if let Some(message) = message {
            output::say(format!("error: {message}"));
        }
        exit
    });
    exit.into()
}

fn block_on(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?.block_on(command)
}
