//! The commands that the sandbox image brings. Each stands in for one of Amazon Linux that would otherwise reach
//! the machine itself, or that it may lack. What one does not model it refuses.

mod arguments;
mod aws;
mod logger;
mod power;
mod timers;
mod users;

use std::env;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::control::{self, Order};
use crate::layout::Root;
use crate::refuse;

/// Every command of the image.
pub(super) const NAMES: [&str; 14] = [
    "aws",
    "getent",
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
        "getent" => users::getent(args),
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
        // Without a stderr the message is lost.
        let _ = writeln!(io::stderr(), "{answer}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Becomes the machine's own program of that name. Returns why not.
fn delegate(name: &str, args: &[String]) -> String {
    let Some(program) = machine_program(name) else {
        return format!("this machine has no {name}");
    };
    let error = Command::new(&program).args(args).exec();
    format!("{}: {error}", program.display())
}

/// The program of that name which comes after the image's own in PATH.
fn machine_program(name: &str) -> Option<PathBuf> {
    let own = Root::of_caller().ok()?.path("bin");
    let path = env::var_os("PATH")?;
    let candidates =
        env::split_paths(&path).filter(|directory| *directory != own).map(|directory| directory.join(name));
    let executable =
        |path: &PathBuf| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    candidates.into_iter().find(executable)
}

/// The refusal of an argument that a command does not model.
fn unmodelled<T>(argument: &str) -> Result<T, String> {
    Err(format!("the ec2-ops sandbox does not model '{argument}'"))
}
