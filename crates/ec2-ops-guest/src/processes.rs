//! Who lives below whom, and how to end them all.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// One living process; zombies are left out, for they can neither act nor be killed.
struct Process {
    pid: i32,
    parent: i32,
}

/// How long processes that were killed may take to be gone before they count as unkillable.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks everything below this process to end, waits for at most `grace`, then kills what is left.
/// Returns those that could not be killed.
pub(super) fn end_all(grace: Duration) -> Vec<i32> {
    let deadline = Instant::now() + grace;
    if !grace.is_zero() {
        signal_all(below_me(), Signal::SIGTERM);
    }
    while Instant::now() < deadline && !childless() {
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_until(childless, below_me)
}

/// Kills every process that has `variable` (`NAME=value`) in its environment. Returns those that could not be killed.
///
/// This is how an instance is cleared away when its init itself was killed, and with it the knowledge of who is its.
#[cfg(target_os = "linux")]
pub(crate) fn kill_marked(variable: &str) -> Vec<i32> {
    let marked = |pid: i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|entry| entry == variable.as_bytes())
    };
    let find = || -> Vec<i32> { snapshot().iter().map(|p| p.pid).filter(|&pid| marked(pid)).collect() };
    // Twice, because a process that is being replaced by another program shows no environment for a moment.
    kill_until(|| find().is_empty() && find().is_empty(), find)
}

/// Elsewhere, the environment of a process cannot be read.
#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_marked(_variable: &str) -> Vec<i32> {
    Vec::new()
}

/// Kills what `find` finds until `gone` says that nothing is left, or what is left cannot be killed.
fn kill_until(gone: impl Fn() -> bool, find: impl Fn() -> Vec<i32>) -> Vec<i32> {
    let deadline = Instant::now() + PATIENCE;
    while !gone() {
        let left = find();
        let refused = signal_all(left.iter().copied(), Signal::SIGKILL);
        let hopeless = !left.is_empty() && refused.len() == left.len();
        if hopeless || Instant::now() > deadline {
            return left;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Vec::new()
}

/// Whether this process has no child left, after those that have ended are reaped.
///
/// With orphans adopted, no child means no descendant. Only the kernel can say so: a walk through `/proc` that finds
/// none may have met a child whose parent ended, and no longer linked the two, before it came to the parent.
fn childless() -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return false,
            Err(Errno::ECHILD) => return true,
            _ => {}
        }
    }
}

/// Signals each process; returns those for which this user lacks the permission.
fn signal_all(pids: impl IntoIterator<Item = i32>, signal: Signal) -> Vec<i32> {
    // A process that is already gone (ESRCH) is what was wanted.
    pids.into_iter().filter(|&pid| kill(Pid::from_raw(pid), signal) == Err(Errno::EPERM)).collect()
}

fn below_me() -> Vec<i32> {
    descendants(&snapshot(), Pid::this().as_raw())
}

fn descendants(all: &[Process], top: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(process.pid);
    }
    let mut found = Vec::new();
    let mut parents = vec![top];
    while let Some(parent) = parents.pop() {
        // Removing makes each parent count once, so that pids reused during the snapshot cannot make a cycle.
        let next = children.remove(&parent).unwrap_or_default();
        found.extend(&next);
        parents.extend(next);
    }
    found
}

#[cfg(target_os = "linux")]
fn snapshot() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| parse_stat(&std::fs::read(format!("/proc/{pid}/stat")).ok()?)).collect()
}

/// Reads `pid (name) state parent …` of proc(5). The name may contain anything, parentheses too.
#[cfg(target_os = "linux")]
fn parse_stat(stat: &[u8]) -> Option<Process> {
    let stat = String::from_utf8_lossy(stat);
    let (head, tail) = stat.rsplit_once(") ")?;
    let mut fields = tail.split(' ');
    let alive = !matches!(fields.next()?, "Z" | "X");
    let process =
        Process { pid: head.split(' ').next()?.parse().ok()?, parent: fields.next()?.parse().ok()? };
    alive.then_some(process)
}

#[cfg(not(target_os = "linux"))]
fn snapshot() -> Vec<Process> {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    let mut table = String::new();
    let ps = Command::new("/bin/ps").args(["-A", "-o", "pid=,ppid=,stat="]).stdout(Stdio::piped()).spawn();
    if let Some(mut stdout) = ps.ok().and_then(|ps| ps.stdout) {
        // An unreadable table is an empty one. `ps` itself is reaped with all other children.
        let _ = stdout.read_to_string(&mut table);
    }
    table.lines().filter_map(parse_ps).collect()
}

#[cfg(not(target_os = "linux"))]
fn parse_ps(line: &str) -> Option<Process> {
    let mut fields = line.split_whitespace();
    let process = Process { pid: fields.next()?.parse().ok()?, parent: fields.next()?.parse().ok()? };
    (!fields.next()?.starts_with('Z')).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_may_be_named_like_the_fields_that_follow() {
        let process = parse_stat(b"42 (a) Z 1 1 (b) S 7 42 42 0").expect("a process");
        assert_eq!((process.pid, process.parent), (42, 7));
        assert!(parse_stat(b"42 (sh) Z 7 42 42 0").is_none());
    }

    #[test]
    fn grandchildren_are_descendants_and_strangers_are_not() {
        let all =
            [(10, 1), (11, 10), (12, 11), (13, 1), (20, 1)].map(|(pid, parent)| Process { pid, parent });
        let mut found = descendants(&all, 10);
        found.sort_unstable();
        assert_eq!(found, [11, 12]);
    }

    #[test]
    fn a_snapshot_torn_by_reused_pids_still_ends() {
        let all = [(10, 11), (11, 10)].map(|(pid, parent)| Process { pid, parent });
        assert_eq!(descendants(&all, 10).len(), 2);
    }
}
