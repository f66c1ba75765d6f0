//! Finds the processes of a sandbox.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The command lines of the running processes of every sandbox below `directory`. A process of an instance has its
/// directory in its environment and starts in it; a process of a function writes its log below it.
pub(crate) fn below(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let processes = entries.flatten().map(|entry| entry.path()).filter(|process| {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        let leads_below =
            |link| fs::read_link(process.join(link)).is_ok_and(|path| path.starts_with(directory));
        names(&environment, directory) || leads_below("cwd") || leads_below("fd/1")
    });
    let line = |process: &Path| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        format!("{} {}", process.display(), String::from_utf8_lossy(&line).replace('\0', " "))
    };
    processes.map(|process| line(&process)).collect()
}

fn names(environment: &[u8], directory: &Path) -> bool {
    let start = [b"EC2_OPS_INSTANCE_ROOT=", directory.as_os_str().as_bytes()].concat();
    environment.split(|&byte| byte == 0).any(|variable| variable.starts_with(&start))
}
