//! The commands that the sandbox image brings. Each stands in for one of Amazon Linux that would otherwise reach
//! the machine itself, or that it may lack. What one does not model it refuses.

mod arguments;
mod aws;
mod logger;
mod power;
mod timers;
mod users;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::control::{self, Order};
use crate::layout::Root;
use crate::refuse;

/// Every command of the image.
pub(super) const NAMES: [&str; 13] = [
    "aws",
    "halt",
    "init",
    "logger",
    "poweroff",
    "reboot",
    "runuser",
    "shutdown",
    "su",
    "sudo",
    "systemctl",
    "systemd-run",
    "telinit",
];

/// How a command ends: with an exit code, or with a sentence that its name goes in front of.
type Outcome = Result<ExitCode, String>;

/// Runs the command of that name.
pub(super) fn main(name: &str, args: &[String]) -> ExitCode {
    let outcome = match name {
        "aws" => return aws::main(args),
        "halt" | "poweroff" | "reboot" => power::power(name, args),
        "init" | "telinit" => power::runlevel(args),
        "logger" => logger::log(args),
        "runuser" => users::runuser(args),
        "shutdown" => power::shutdown(args),
        "su" => users::su(args),
        "sudo" => users::sudo(args),
        "systemctl" => power::systemctl(args),
        "systemd-run" => timers::systemd_run(args),
        _ => Err("the ec2-ops sandbox image brings no such command".to_owned()),
    };
    outcome.unwrap_or_else(|why| refuse(&format!("{name}: {why}")))
}

/// Gives an order to init and says on stderr what it answers, unless `quiet`.
fn order(order: &Order, quiet: bool) -> Outcome {
    let root = Root::of_caller().map_err(|error| error.to_string())?;
    let answer = control::order(&root, order).map_err(|error| format!("init does not answer: {error}"))??;
    if !quiet && !answer.is_empty() {
        // Without a stderr nobody reads it.
        let _ = writeln!(io::stderr(), "{answer}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The refusal of an argument that a command does not model.
fn unmodelled<T>(argument: &str) -> Result<T, String> {
    Err(format!("the ec2-ops sandbox does not model '{argument}'"))
}
