//! Which processes of a sandbox live.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The command lines of the living processes of any sandbox below `directory`: an instance's carry their directory in
/// the environment, a function's write their logs below it. A zombie is dead, and still left behind: the one who should
/// have waited for it is the test's own child, so it shows as a process without a command line.
pub(crate) fn below(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let processes = entries.flatten().map(|entry| entry.path()).filter(|process| {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        let output = fs::read_link(process.join("fd/1")).unwrap_or_default();
        contains(&environment, b"EC2_OPS_INSTANCE_ROOT=", directory) || output.starts_with(directory)
    });
    let lines = processes.map(|process| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        format!("{} {}", process.display(), String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| !line.contains("ec2-ops run")).collect()
}

fn contains(environment: &[u8], variable: &[u8], directory: &Path) -> bool {
    let start = [variable, directory.as_os_str().as_bytes()].concat();
    environment.split(|&byte| byte == 0).any(|variable| variable.starts_with(&start))
}
