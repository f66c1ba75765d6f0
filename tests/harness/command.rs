//! The `ec2-ops` command, as a user types it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::build::binaries;
use super::{LONG, below, until};

/// A run of the command in its own directory, which replaces /tmp.
pub(crate) struct Ops {
    process: Child,
    directory: tempfile::TempDir,
}

/// A run that has ended.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

fn ec2_ops<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(binaries().join("ec2-ops"));
    command.args(arguments);
    command
}

impl Ops {
    pub(crate) fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        Self::start_with(arguments, "")
    }

    /// `ec2-ops run -` with `document` as its standard input.
    pub(crate) fn run(document: &Value) -> Self {
        Self::start_with(["run", "-"], &document.to_string())
    }

    pub(crate) fn start_with<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, stdin: &str) -> Self {
        Self::spawn(ec2_ops(arguments), stdin, None, None)
    }

    /// The same with a standard output that is no file of the test.
    pub(crate) fn start_into(arguments: &[&str], stdout: Stdio) -> Self {
        Self::spawn(ec2_ops(arguments), "", None, Some(stdout))
    }

    /// The same in a terminal of its own. What it shows there is its standard output.
    pub(crate) fn start_on_a_terminal(arguments: &[&str]) -> Self {
        const IN_A_TERMINAL: &str =
            "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
        let mut python = Command::new("python3");
        python
            .args(["-c", IN_A_TERMINAL])
            .arg(binaries().join("ec2-ops"))
            .args(arguments)
            .env("TERM", "xterm");
        Self::spawn(python, "", None, None)
    }

    /// The command in another terminal of the same user, who has this one running.
    pub(crate) fn beside(&self, arguments: &[&str], stdin: &str) -> Self {
        Self::spawn(ec2_ops(arguments), stdin, Some(self.tmp()), None)
    }

    fn spawn(
        mut command: Command,
        stdin: &str,
        runtime_directory: Option<PathBuf>,
        stdout: Option<Stdio>,
    ) -> Self {
        let directory = tempfile::Builder::new().prefix("ec2-ops-e2e-").tempdir().expect("a directory");
        let path = directory.path();
        fs::write(path.join("stdin"), stdin).expect("a file");
        // Everything below it belongs to the sandbox.
        fs::create_dir(path.join("tmp")).expect("a directory");
        let create = |name| File::create(path.join(name)).expect("a file");
        let own_stdout = create("stdout");
        let process = command
            .env("TMPDIR", path.join("tmp"))
            .env("XDG_RUNTIME_DIR", runtime_directory.unwrap_or_else(|| path.join("tmp")))
            // The tests reach only their own sandboxes and never a real account.
            .envs(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, "none")))
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("EC2_OPS_STATE_MACHINE")
            .stdin(File::open(path.join("stdin")).expect("a file"))
            .stdout(stdout.unwrap_or_else(|| own_stdout.into()))
            .stderr(create("stderr"))
            .spawn()
            .expect("it starts");
        Self { process, directory }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.process.id().try_into().expect("a process id"));
        kill(pid, signal).expect("a process that still runs");
    }

    /// The directory for the files of its sandbox.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    /// Its stdout so far.
    pub(crate) fn stdout(&self) -> String {
        self.read("stdout")
    }

    /// What it has said so far.
    pub(crate) fn stderr(&self) -> String {
        self.read("stderr")
    }

    pub(crate) fn until_a_process_runs(&self, marker: &str) {
        until(marker, || below(&self.tmp()).iter().any(|process| process.contains(marker)));
    }

    /// Waits for its end, and asserts that no process and no file of it is left.
    pub(crate) fn finish(mut self) -> Finished {
        let finished = self.end();
        assert_eq!(entries(&self.tmp()), [""; 0], "files are left");
        finished
    }

    /// Waits for its end, and asserts that no process of it is left. Also returns the file at `path` in the directory that
    /// it kept.
    pub(crate) fn finish_keeping(mut self, path: &str) -> (Finished, String) {
        let finished = self.end();
        let [kept] = &entries(&self.tmp())[..] else { panic!("one directory should be left") };
        let file = self.tmp().join(kept).join(path);
        (finished, fs::read_to_string(file).expect("a kept file"))
    }

    fn end(&mut self) -> Finished {
        let status = self.wait();
        assert_eq!(below(&self.tmp()), [""; 0], "processes are left");
        Finished { status, stdout: self.read("stdout"), stderr: self.read("stderr") }
    }

    /// Waits for the end of a run that was killed, and of its processes.
    pub(crate) fn finish_killed(mut self) {
        self.wait();
        until("the orphans to end", || below(&self.tmp()).is_empty());
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(status) = self.process.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < deadline, "still running; so far: {}", self.read("stderr"));
            sleep(Duration::from_millis(10));
        }
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.directory.path().join(name)).expect("a file")).into_owned()
    }
}

impl Drop for Ops {
    /// Kills the run if a test fails before its end.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Finished {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The outcome on stdout.
    pub(crate) fn outcome(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|_| panic!("no outcome: {}{}", self.stdout, self.stderr))
    }
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
