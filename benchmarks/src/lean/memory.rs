//! The resident memory of a process, and its parts.

use std::fs;
use std::path::Path;

/// Resident memory, in KiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Memory {
    /// The peak of the resident set.
    pub(super) peak: f64,
    /// Pages of the executable itself.
    pub(super) own: f64,
    /// Pages of the C library and the loader.
    pub(super) libraries: f64,
    /// Heap and stack.
    pub(super) anonymous: f64,
}

impl Memory {
    /// The memory of a process that runs `executable`. See <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html> and
    /// <https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html>.
    pub(super) fn of(process: u32, executable: &Path) -> Result<Self, String> {
        let read = |name| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))
        };
        let executable =
            executable.canonicalize().map_err(|error| format!("{}: {error}", executable.display()))?;
        Self::parse(&read("status")?, &read("smaps")?, &executable.to_string_lossy())
            .ok_or_else(|| "no VmHWM in its status".to_owned())
    }

    fn parse(status: &str, smaps: &str, executable: &str) -> Option<Self> {
        let peak = status.lines().find_map(|line| kib(line, "VmHWM:"))?;
        let mut memory = Self { peak, own: 0.0, libraries: 0.0, anonymous: 0.0 };
        let mut mapped = "";
        for line in smaps.lines() {
            if let Some(resident) = kib(line, "Rss:") {
                *memory.part(mapped, executable) += resident;
            } else if let [range, _, _, _, _, path @ ..] =
                line.split_whitespace().collect::<Vec<_>>().as_slice()
                && range.contains('-')
            {
                mapped = path.first().copied().unwrap_or_default();
            }
        }
        Some(memory)
    }

    fn part(&mut self, mapped: &str, executable: &str) -> &mut f64 {
        match mapped {
            _ if mapped == executable => &mut self.own,
            _ if mapped.starts_with('/') => &mut self.libraries,
            _ => &mut self.anonymous,
        }
    }
}

/// The figure of a line such as `Rss:    12 kB`.
fn kib(line: &str, name: &str) -> Option<f64> {
    line.strip_prefix(name)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mapping_counts_for_its_part() {
        let smaps = "\
5581-5582 r-xp 00001000 fe:00 1234   /var/task/bootstrap
Rss:                1024 kB
VmFlags: rd ex mr mw me
5583-5584 rw-p 00002000 fe:00 1234   /var/task/bootstrap
Rss:                  16 kB
5590-5591 rw-p 00000000 00:00 0      [heap]
Rss:                 100 kB
7f00-7f01 r-xp 00000000 fe:00 99     /lib64/libc.so.6
Rss:                 900 kB
7f10-7f11 rw-p 00000000 00:00 0
Rss:                   8 kB
";
        let status = "VmPeak:    9000 kB\nVmHWM:     2100 kB\n";
        let expected = Memory { peak: 2100.0, own: 1040.0, libraries: 900.0, anonymous: 108.0 };
        assert_eq!(Memory::parse(status, smaps, "/var/task/bootstrap"), Some(expected));
    }
}
