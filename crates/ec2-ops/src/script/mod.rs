//! The script that runs on the instance.
//!
//! Three texts make it. `run.sh` is for any POSIX shell and stands around the commands: the claim that keeps them from
//! running twice, the environment, the deadline, the end. The commands themselves become a file of their own, which the
//! program that the document names runs ([`Interpreter`]); so a command that starts `"$0"` again starts the commands again and
//! not the delivery. Where that program is a shell, `entries.sh` stands before the entries: `AWS-RunShellScript` reports the
//! exit code of the script's last command and nothing of the others, and `set -e` lets `cd missing && ./run` pass.

mod advice;
mod environment;
mod interpreter;
mod lexer;
mod refusals;
#[cfg(test)]
mod tests;

pub(crate) use advice::warnings;
pub(crate) use environment::Environment;
use environment::exports;
use interpreter::{Interpreter, quote};
pub(crate) use refusals::{problems, too_large};

/// What stands around the commands.
const RUN: &str = include_str!("run.sh");

/// How long after the limit on the commands the instance ends itself, in seconds: later than the control plane takes to end
/// it, so that it only matters when there is none.
const DEADLINE_GRACE_S: u32 = 30 * 60;

/// Something about the commands that their author should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Which entry it is about, from 0; `None` for all of them.
    pub(crate) entry: Option<usize>,
    /// What was found, and what would be right.
    pub(crate) message: String,
}

impl Finding {
    fn of(entry: usize, message: impl Into<String>) -> Self {
        Self { entry: Some(entry), message: message.into() }
    }
}

/// The script for `commands` of the attempt with this fingerprint, in this environment, on an instance that ends itself some
/// time after `timeout_s`.
pub(crate) fn of(commands: &[String], environment: Environment<'_>, attempt: &str, timeout_s: u32) -> String {
    let interpreter = Interpreter::of(commands);
    let (count, deadline) = (commands.len(), timeout_s + DEADLINE_GRACE_S);
    let words: Vec<_> = interpreter.words().iter().map(|word| quote(word)).collect();
    let words = words.join(" ");
    let (file, exports) = (interpreter.file(commands), exports(environment));
    format!(
        "#!/bin/sh\nattempt={attempt} commands={count} deadline={deadline}\n{RUN}\n{exports}main {words} <<'ec2-ops-{attempt}'\n\
         {file}ec2-ops-{attempt}\n"
    )
}
