//! The JSON lines between the host and a guest: requests on the guest's stdin, events on its stdout.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the host asks of a guest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// The first line: what to be.
    Boot(Boot),
    /// Run a script as AWS-RunShellScript does.
    Run {
        /// The command id.
        id: String,
        /// The text of the script.
        script: String,
        /// `executionTimeout`, in milliseconds.
        timeout_ms: u64,
    },
    /// Stop the script of that command.
    Cancel {
        /// The command id.
        id: String,
    },
    /// Shut down: let all processes end, kill those that do not, and exit.
    PowerOff {
        /// Whether the instance starts again at once, as in a reboot.
        restart: bool,
    },
}

/// What an instance is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Boot {
    /// The executable that carries the commands of the image.
    pub(crate) tools: PathBuf,
    /// The directory that is the instance; an absolute path.
    pub(crate) root: PathBuf,
    /// The instance's id.
    pub(crate) instance_id: String,
    /// What each login finds in its environment beyond the usual.
    pub(crate) env: Vec<(String, String)>,
}

/// What a guest tells the host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Event {
    /// It has booted and takes commands.
    Ready,
    /// It could not boot.
    Failed {
        /// Why.
        message: String,
    },
    /// A script has ended.
    Ended {
        /// The command id.
        id: String,
        /// How it ended.
        result: CommandResult,
    },
    /// Someone inside wants the instance to be shut down.
    ShutdownRequested {
        /// Whether it is to start again.
        restart: bool,
    },
    /// Everything has ended; the last line.
    PoweredOff {
        /// The processes that could not be killed, for example because they are another user's.
        left: Vec<i32>,
    },
}

/// How the script of a command ended, in the SSM agent's own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandResult {
    /// The status that the agent reports.
    pub status: CommandStatus,
    /// `ResponseCode`: the exit code of the script, 137 when it was stopped, -1 when a signal ended it.
    pub exit_code: i32,
    /// The beginning of its standard output, at most 24,000 bytes of it.
    pub stdout: String,
    /// The beginning of its standard error, at most 8,000 bytes of it.
    pub stderr: String,
    /// The file with the whole standard output.
    pub stdout_path: PathBuf,
    /// The file with the whole standard error.
    pub stderr_path: PathBuf,
}

/// The statuses with which the SSM agent ends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandStatus {
    /// The script ended with 0.
    Success,
    /// The script ended with another code, or by a signal, or could not be run.
    Failed,
    /// The script ran longer than `executionTimeout`, or ended with 137, which the agent takes for the same.
    TimedOut,
    /// The script was stopped because the command was cancelled.
    Cancelled,
}
