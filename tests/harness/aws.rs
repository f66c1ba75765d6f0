//! `ec2-ops serve`, and the AWS CLI as a user types it.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Finished, Ops, until};

/// The variables in the `export` lines of the guide.
fn exports(guide: &str) -> Vec<(String, String)> {
    let lines = guide.lines().filter_map(|line| line.trim().strip_prefix("export "));
    let pairs = lines.flat_map(str::split_whitespace).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A served sandbox, for the AWS CLI.
pub(crate) struct Served {
    ops: Ops,
    /// The variables that the guide exports.
    exports: Vec<(String, String)>,
}

impl Served {
    /// Serves a sandbox, if this machine has the AWS CLI.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with further arguments of `serve`.
    pub(crate) fn start_with(arguments: &[&str]) -> Option<Self> {
        if Command::new("aws").arg("--version").output().is_err() {
            eprintln!("SKIPPED: this machine has no AWS CLI");
            return None;
        }
        let ops = Ops::start([&["serve", "--port", "0"], arguments].concat());
        until("the guide", || ops.stdout().contains("Ctrl-C ends it"));
        let exports = exports(&ops.stdout());
        Some(Self { ops, exports })
    }

    /// Exports `name` with another value.
    pub(crate) fn export(&mut self, name: &str, value: &str) {
        self.exports.retain(|(exported, _)| exported != name);
        self.exports.push((name.to_owned(), value.to_owned()));
    }

    /// `program` in a shell that has the exports, and no other configuration of AWS clients.
    pub(crate) fn command(&self, program: &str) -> Command {
        let nowhere = Path::new("/dev/null");
        let mut command = Command::new(program);
        command
            .envs(self.exports.iter().map(|(name, value)| (name, value)))
            .env("AWS_PAGER", "")
            .env("AWS_CONFIG_FILE", nowhere)
            .env("AWS_SHARED_CREDENTIALS_FILE", nowhere);
        command
    }

    /// Runs `aws ARGUMENTS…`. Returns its stdout, or its stderr if it fails.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Result<String, String> {
        let mut aws = self.command("aws");
        let output = aws.args(arguments).args(["--output", "json"]).output().expect("the AWS CLI runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// The JSON that a call prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.aws(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{arguments:?} printed {printed:?}"))
    }

    /// The ARN in the guide.
    pub(crate) fn state_machine(&self) -> String {
        let guide = self.ops.stdout();
        let arn = guide.split("--state-machine-arn ").nth(1).and_then(|rest| rest.split_whitespace().next());
        arn.expect("an ARN").to_owned()
    }

    /// Starts an execution with `input`, and returns its ARN.
    pub(crate) fn start_execution(&self, name: &str, input: &str) -> String {
        let machine = self.state_machine();
        let started = self.json(&[
            "stepfunctions",
            "start-execution",
            "--state-machine-arn",
            &machine,
            "--name",
            name,
            "--input",
            input,
        ]);
        started["executionArn"].as_str().expect("an ARN").to_owned()
    }

    /// Waits until an execution has ended, and returns its `describe-execution`.
    pub(crate) fn ended(&self, arn: &str) -> Value {
        let mut described = Value::Null;
        until("the execution to end", || {
            described = self.json(&["stepfunctions", "describe-execution", "--execution-arn", arn]);
            described["status"] != "RUNNING"
        });
        described
    }

    /// Ends it by SIGINT, as Ctrl-C does.
    pub(crate) fn finish(self) -> Finished {
        self.ops.signal(Signal::SIGINT);
        self.ops.finish()
    }
}
