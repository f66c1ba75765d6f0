//! The script under every shell that may be an instance's `sh`, as the SSM agent would start it.

mod entries;
mod interpreters;
mod run;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Environment, of};
use crate::ids::Region;

/// Which program is `sh` on the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Dash,
    Bash,
    BashAsSh,
    Busybox,
}

impl Shell {
    fn is_bash(self) -> bool {
        matches!(self, Self::Bash | Self::BashAsSh)
    }

    /// Those that this machine has.
    fn installed() -> Vec<Self> {
        let all = [Self::Dash, Self::Bash, Self::BashAsSh, Self::Busybox];
        let found: Vec<_> = all.into_iter().filter(|shell| program(shell.program()).is_some()).collect();
        assert!(!found.is_empty(), "none of dash, bash and busybox is installed");
        found
    }

    fn program(self) -> &'static str {
        match self {
            Self::Dash => "dash",
            Self::Bash | Self::BashAsSh => "bash",
            Self::Busybox => "busybox",
        }
    }

    /// Makes it the `sh` of this directory. All but bash look at the name by which they are called.
    fn install(self, bin: &Path) {
        let (sh, program) = (bin.join("sh"), program(self.program()).unwrap());
        match self {
            Self::Bash => executable(&sh, &format!("exec {} \"$@\"", program.display())),
            _ => symlink(program, sh).unwrap(),
        }
    }
}

/// The script for `commands` without variables and secrets.
pub(crate) fn script_of(commands: &[String]) -> String {
    script_with(commands, &BTreeMap::new())
}

/// The script for `commands` with these variables.
fn script_with(commands: &[String], variables: &BTreeMap<String, String>) -> String {
    let (secrets, region) = (BTreeMap::new(), Region::new("us-east-1"));
    of(commands, Environment { variables, secrets: &secrets, region: &region }, "f00d", 90)
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.exists())
}

fn executable(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// How a script ended.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// An instance as far as the script sees it. What would reach beyond it (`poweroff`, systemd) only writes down that it was
/// called, and a second lasts 50 ms.
struct Machine {
    shell: Shell,
    directory: tempfile::TempDir,
}

impl Machine {
    fn new(shell: Shell) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let machine = Self { shell, directory };
        for inside in ["bin", "root"] {
            fs::create_dir(machine.path(inside)).unwrap();
        }
        shell.install(&machine.path("bin"));
        let calls = machine.path("calls");
        for name in ["systemd-run", "systemctl", "poweroff", "setsid"] {
            machine.brings(name, &format!("echo {name} \"$@\" >>'{}'", calls.display()));
        }
        machine.brings("sleep", "exec /bin/sleep 0.05");
        let passwd = format!("root:x:0:0:root:{}:/bin/sh", machine.home().display());
        machine.brings("getent", &format!("echo '{passwd}'"));
        machine
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.directory.path().join(inside)
    }

    fn home(&self) -> PathBuf {
        self.path("root").canonicalize().unwrap()
    }

    /// The directory of the attempt on the instance.
    fn claim(&self) -> PathBuf {
        self.path("root/.ec2-ops/f00d")
    }

    /// Puts a program of the image in place.
    fn brings(&self, name: &str, script: &str) {
        executable(&self.path("bin").join(name), script);
    }

    /// The calls of what would reach beyond the instance.
    fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    /// The agent's call of the script for `commands`.
    fn agent(&self, commands: &[&str]) -> Command {
        let commands: Vec<_> = commands.iter().map(|&command| command.to_owned()).collect();
        fs::write(self.path("script.sh"), script_of(&commands)).unwrap();
        let mut agent = self.program(&self.path("bin/sh"));
        agent.arg(self.path("script.sh"));
        agent
    }

    /// A program in the environment in which the agent runs the script.
    fn program(&self, program: &Path) -> Command {
        let mut program = Command::new(program);
        program
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("LANG", "C.UTF-8")
            .current_dir("/usr/bin")
            .stdin(Stdio::null());
        program
    }

    fn run(&self, commands: &[&str]) -> Ended {
        let output = self.agent(commands).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs `test` on an instance for each shell.
fn on_each(test: impl Fn(&Machine)) {
    for shell in Shell::installed() {
        test(&Machine::new(shell));
    }
}

/// Expects this exit code and standard output of `commands` under each shell.
#[track_caller]
fn comes_to(commands: &[&str], code: i32, stdout: &str) {
    on_each(|machine| {
        let ended = machine.run(commands);
        let expected = (Some(code), stdout);
        assert_eq!((ended.code, ended.stdout.as_str()), expected, "{:?}: {ended:?}", machine.shell);
    });
}

/// Expects that `commands` fail under each shell, with this standard output and with `complaint` on standard error.
#[track_caller]
fn fails(commands: &[&str], stdout: &str, complaint: &str) {
    on_each(|machine| {
        let ended = machine.run(commands);
        assert_ne!(ended.code, Some(0), "{:?}: {ended:?}", machine.shell);
        assert_eq!(ended.stdout, stdout, "{:?}: {ended:?}", machine.shell);
        assert!(ended.stderr.contains(complaint), "{:?}: {}", machine.shell, ended.stderr);
    });
}
