//! The script that runs on the instance, and what is known of the commands before it does.
//!
//! The script has two parts:
//! - `run.sh`, for any POSIX shell, stands around the commands. It takes the claim that keeps them from running twice, sets
//!   the environment, arms the deadline, and ends what the commands leave behind.
//! - The commands become a file of their own. The program that the document names runs it ([`Interpreter`]). So a command that
//!   starts `"$0"` again starts the commands and not `run.sh`.
//!
//! If that program is a shell, the file begins with `entries.sh`. `AWS-RunShellScript` reports only the exit code of the
//! script's last command, and `set -e` ignores the failure in `cd missing && ./run`. So the shell evaluates each entry on its
//! own: `eval` is a simple command, and an entry that ends with a failure ends the script.

mod advice;
mod environment;
mod interpreter;
mod lexer;
mod refusals;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub(crate) use advice::warnings;
pub(crate) use environment::Environment;
use environment::exports;
use interpreter::{Interpreter, quote};
pub(crate) use refusals::{parameter_reference, problems, too_large};

/// What stands around the commands. Its comments are for readers of this crate; SSM takes few bytes.
static RUN: LazyLock<String> = LazyLock::new(|| {
    let is_comment = |line: &&str| line.trim_start().starts_with('#');
    include_str!("run.sh").lines().filter(|line| !is_comment(line)).flat_map(|line| [line, "\n"]).collect()
});

/// How long after the limit on the commands the instance shuts itself down, in seconds. The control plane ends it earlier,
/// so this matters only if the control plane is gone.
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

/// The script for the `commands` of the attempt with this fingerprint, in this environment. It lets the instance shut itself
/// down some time after `timeout_s`.
pub(crate) fn of(commands: &[String], environment: Environment<'_>, attempt: &str, timeout_s: u32) -> String {
    let interpreter = Interpreter::of(commands);
    let (count, deadline) = (commands.len(), timeout_s + DEADLINE_GRACE_S);
    let words: Vec<_> = interpreter.words().iter().map(|word| quote(word)).collect();
    let words = words.join(" ");
    let run = RUN.as_str();
    let (file, exports) = (interpreter.file(commands), exports(environment));
    format!(
        "#!/bin/sh\nattempt={attempt} commands={count} deadline={deadline}\n{run}\n{exports}main {words} <<'ec2-ops-{attempt}'\n\
         {file}ec2-ops-{attempt}\n"
    )
}
