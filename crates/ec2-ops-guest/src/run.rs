//! One script, run as AWS-RunShellScript runs it. What the agent does is read from its own source,
//! <https://github.com/aws/amazon-ssm-agent>: `agent/plugins/runscript`, `agent/executers`, `agent/plugins/pluginutil`.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use crate::capture::{self, beginning};
use crate::layout::{Environment, Root};
use crate::protocol::{CommandResult, CommandStatus};

/// Bytes of output that the agent keeps (`MaxStdoutLength`, `MaxStderrLength`).
const MAX_STDOUT: usize = 24_000;
const MAX_STDERR: usize = 8_000;

/// `CommandStoppedPreemptivelyExitCode`: 128 + SIGKILL.
const STOPPED: i32 = 137;

/// `ExitWithSuccess`: the script calls itself a success.
const SUCCESS: i32 = 168;

/// `RebootExitCode`: the script asks the agent to reboot the instance and to run it again.
const REBOOT: i32 = 194;

/// Runs the script below a shell of its own, as `sh -c <script>` of the agent does where sh does not replace itself:
/// a script that kills its parent kills that shell, and init lives. `exit` keeps sh from replacing itself.
const PARENT_SHELL: &str = r#""$0"; exit $?"#;

/// Where the agent starts a script.
pub(super) const DIRECTORY: &str = "/usr/bin";

/// A script that is running, or that has ended while processes still hold its output.
pub(super) struct Run {
    /// The shell above the script, and the process group of both.
    pub(super) pid: i32,
    /// When `executionTimeout` is over; `None` is later than a clock can tell.
    pub(super) deadline: Option<Instant>,
    /// How the shell ended.
    ended: Option<WaitStatus>,
    /// How many of the two outputs are still held.
    held: u8,
    copied: io::Result<()>,
    directory: PathBuf,
}

impl Run {
    /// Starts the script. `closed` is called for each of the two outputs when no process holds it.
    pub(super) fn start(
        directory: &Path,
        environment: Environment,
        id: &str,
        script: &str,
        timeout: Duration,
        closed: impl FnOnce(io::Result<()>) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        if id.is_empty() || id.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            return Err(io::Error::other(format!("{id:?} is not a command id")));
        }
        fs::create_dir_all(directory)?;
        let path = directory.join("_script.sh");
        fs::write(&path, format!("{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
        let stdout = capture::to(&directory.join("stdout"), closed.clone())?;
        let stderr = capture::to(&directory.join("stderr"), closed)?;
        let child = Command::new("/bin/sh")
            .args(["-c", PARENT_SHELL])
            .arg(&path)
            .env_clear()
            .envs(environment)
            .current_dir(DIRECTORY)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()?;
        Ok(Self {
            pid: child.id().cast_signed(),
            deadline: Instant::now().checked_add(timeout),
            ended: None,
            held: 2,
            copied: Ok(()),
            directory: directory.to_owned(),
        })
    }

    /// Notes how the shell above the script ended.
    pub(super) fn exited(&mut self, status: WaitStatus) {
        self.ended = Some(status);
    }

    /// Notes that an output is complete, or why it could not be kept.
    pub(super) fn output_closed(&mut self, copied: io::Result<()>) {
        self.held -= 1;
        if copied.is_err() {
            self.copied = copied;
        }
    }

    /// The result, once the script has ended and no process holds its output. The agent waits for both.
    pub(super) fn result(&self) -> Option<CommandResult> {
        let ended = self.ended.filter(|_| self.held == 0)?;
        let (status, exit_code, complaint) = match &self.copied {
            Ok(()) => verdict(ended),
            Err(error) => (CommandStatus::Failed, 1, Some(format!("failed to keep the output: {error}"))),
        };
        Some(report(&self.directory, status, exit_code, complaint.as_deref()))
    }

    /// Kills the script's process group. The agent does not wait for anything after that.
    pub(super) fn stop(self, status: CommandStatus) -> CommandResult {
        // A group that has already ended is what was wanted.
        let _ = killpg(Pid::from_raw(self.pid), Signal::SIGKILL);
        report(&self.directory, status, STOPPED, None)
    }
}

/// The agent's directory of one step of one command.
pub(super) fn directory(root: &Root, instance_id: &str, id: &str) -> PathBuf {
    root.path("var/lib/amazon/ssm")
        .join(instance_id)
        .join("document/orchestration")
        .join(id)
        .join("awsrunShellScript/0.awsrunShellScript")
}

/// The result of a script that could not be started.
pub(super) fn not_started(directory: &Path, error: &io::Error) -> CommandResult {
    report(directory, CommandStatus::Failed, 1, Some(&format!("failed to run commands: {error}")))
}

/// Status, exit code and what the agent adds to stderr, as its `GetStatus` and `MarkAsFailed` have it.
fn verdict(ended: WaitStatus) -> (CommandStatus, i32, Option<String>) {
    match ended {
        WaitStatus::Exited(_, code @ (0 | SUCCESS)) => (CommandStatus::Success, code, None),
        // The agent cannot tell a script that ended with 137 (its last command was killed, by the kernel when memory
        // ran out for example) from one that it killed itself, and reports what it reports for that.
        WaitStatus::Exited(_, STOPPED) => (CommandStatus::TimedOut, STOPPED, None),
        WaitStatus::Exited(_, REBOOT) => {
            let why = "exit status 194 asks the SSM agent to reboot the instance and to run the script again; \
                       the ec2-ops sandbox does not model that";
            (CommandStatus::Failed, REBOOT, Some(format!("failed to run commands: {why}")))
        }
        WaitStatus::Exited(_, code) => {
            (CommandStatus::Failed, code, Some(format!("failed to run commands: exit status {code}")))
        }
        WaitStatus::Signaled(_, signal, _) => {
            (CommandStatus::Failed, -1, Some(format!("failed to run commands: signal: {}", words(signal))))
        }
        other => (CommandStatus::Failed, 1, Some(format!("failed to run commands: {other:?}"))),
    }
}

/// A signal as the agent's language words it.
fn words(signal: Signal) -> String {
    match signal {
        Signal::SIGHUP => "hangup",
        Signal::SIGINT => "interrupt",
        Signal::SIGABRT => "aborted",
        Signal::SIGKILL => "killed",
        Signal::SIGSEGV => "segmentation fault",
        Signal::SIGTERM => "terminated",
        other => other.as_str(),
    }
    .to_owned()
}

fn report(directory: &Path, status: CommandStatus, exit_code: i32, complaint: Option<&str>) -> CommandResult {
    let (stdout_path, stderr_path) = (directory.join("stdout"), directory.join("stderr"));
    let added = complaint.map_or(Ok(()), |complaint| append_line(&stderr_path, complaint));
    let read =
        added.and_then(|()| Ok((beginning(&stdout_path, MAX_STDOUT)?, beginning(&stderr_path, MAX_STDERR)?)));
    let (stdout, stderr) = read.unwrap_or_else(|error| {
        let complaint = complaint.unwrap_or_default();
        (String::new(), format!("{complaint}\nfailed to read the output in {}: {error}", directory.display()))
    });
    CommandResult { status, exit_code, stdout, stderr, stdout_path, stderr_path }
}

/// Appends as the agent's `AppendError` does: on a new line if there is something before.
fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    let separator = if file.metadata()?.len() > 0 { "\n" } else { "" };
    write!(file, "{separator}{line}")
}
