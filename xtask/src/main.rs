//! Builds the local runner with its Lambdas, and the zips to deploy.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command speaks to a terminal")]

use std::ffi::OsStr;
use std::process::{Command, ExitCode};

mod ops;
mod package;
mod zip;

const USAGE: &str = "\
usage:
  cargo ops [ARGS…]                                        build and run `ec2-ops ARGS…` with the Lambdas it needs
  cargo xtask package [--arch arm64|x86_64] [--out DIR] [NAME…]
                                                           build the zips to deploy, all or by name (default: arm64,
                                                           target/lambda)";

/// A Lambda: its package, and its name on AWS.
struct Lambda {
    package: &'static str,
    name: &'static str,
}

const LAMBDAS: [Lambda; 5] = [
    Lambda { package: "ec2-starter-from-ami", name: "EC2StarterFromAMI" },
    Lambda { package: "commander", name: "Commander" },
    Lambda { package: "ec2-poller", name: "EC2Poller" },
    Lambda { package: "run-checker", name: "RunChecker" },
    Lambda { package: "ec2-stopper", name: "EC2Stopper" },
];

/// The base of the comparison in the benchmarks. It is packaged only if it is named.
const FLOOR: Lambda = Lambda { package: "empty-function", name: "EmptyFunction" };

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let done = match arguments.next().as_deref().and_then(OsStr::to_str) {
        Some("ops") => ops::run(arguments),
        Some("package") => package::run(arguments),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The cargo that runs this program, without the variables that it set for this program: if `CARGO_PKG_NAME` or a
/// similar one changes, `ring` compiles again.
fn cargo() -> Command {
    const OF_THIS_PACKAGE: [&str; 5] =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if OF_THIS_PACKAGE.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs `command` on the same terminal.
fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed: {status}", command.get_program().display()))
    }
}
