//! The output of a script: all of it into a file, the beginning of it into the result.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What the agent puts at the end of a text that it cut. See `OutputTruncatedSuffix` in amazon-ssm-agent.
const TRUNCATED: &str = "--output truncated--";

/// How often a silent pipe is looked at for the end of its script, in milliseconds.
const LOOK: u8 = 20;

/// The most that a pipe holds by default on Linux, so the most that a script that ended can have left in it.
const PIPE_CAPACITY: usize = 64 * 1024;

/// One output stream of a script on its way into a file.
///
/// A pipe and not the file itself, as with the real agent: `echo … > /dev/stderr` would truncate a file.
pub(super) struct Capture {
    ended: Arc<AtomicBool>,
    drained: Receiver<io::Result<()>>,
}

impl Capture {
    /// Starts to copy into a new file at `path`. Returns the end of the pipe that the script writes to.
    pub(super) fn to(path: &Path) -> io::Result<(Self, PipeWriter)> {
        let mut file = File::create_new(path)?;
        let (mut pipe, writer) = io::pipe()?;
        let ended = Arc::new(AtomicBool::new(false));
        let (report, drained) = mpsc::channel();
        let seen = Arc::clone(&ended);
        thread::spawn(move || {
            let copied = copy(&mut pipe, &mut file, &seen, &report);
            // The script's run may be over long before a daemon lets go of the pipe: then nobody waits.
            let _ = report.send(copied);
        });
        Ok((Self { ended, drained }, writer))
    }

    /// Waits until all that the script wrote is in the file. Call it when the script has ended: a daemon that it
    /// left behind may keep the pipe open, and its output is copied on, but the run does not wait for it.
    pub(super) fn finish(self) -> io::Result<()> {
        self.ended.store(true, Ordering::Release);
        self.drained.recv().unwrap_or_else(|_| Err(io::Error::other("the copy of the output broke off")))
    }
}

fn copy(
    pipe: &mut PipeReader,
    file: &mut File,
    ended: &AtomicBool,
    drained: &Sender<io::Result<()>>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIPE_CAPACITY];
    let mut left_by_script = PIPE_CAPACITY;
    let mut reported = false;
    loop {
        let over = ended.load(Ordering::Acquire);
        let silent = !reported && !readable(pipe, if over { 0 } else { LOOK })?;
        if over && !reported && (silent || left_by_script == 0) {
            reported = drained.send(Ok(())).is_ok();
        }
        if silent {
            continue;
        }
        let count = pipe.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        file.write_all(&buffer[..count])?;
        if over {
            left_by_script = left_by_script.saturating_sub(count);
        }
    }
}

fn readable(pipe: &PipeReader, timeout_ms: u8) -> io::Result<bool> {
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    Ok(poll(&mut fds, PollTimeout::from(timeout_ms))? > 0)
}

/// The beginning of the file at `path`, at most `limit` bytes, cut as the agent cuts it.
/// Bytes that are not UTF-8 are replaced.
pub(super) fn beginning(path: &Path, limit: usize) -> io::Result<String> {
    let mut head = Vec::new();
    File::open(path)?.take(limit as u64).read_to_end(&mut head)?;
    if head.len() < limit {
        return Ok(String::from_utf8_lossy(&head).into_owned());
    }
    let text = String::from_utf8_lossy(&head);
    // A replacement is longer than what it replaces, so the limit holds for the text and not only for the file.
    let cut = text.floor_char_boundary(limit - TRUNCATED.len());
    Ok(format!("{}{TRUNCATED}", &text[..cut]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("ec2-ops-capture-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a file");
        path
    }

    #[test]
    fn a_short_output_is_kept_whole_and_invalid_bytes_are_replaced() {
        let path = file("short", b"gr\xc3\xbc\xc3\x9fe \xff!");
        assert_eq!(beginning(&path, 8000).expect("text"), "grüße \u{fffd}!");
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_long_output_is_cut_at_a_character_and_says_so() {
        let path = file("long", "ü".repeat(50).as_bytes());
        let text = beginning(&path, 41).expect("text");
        assert_eq!(text, format!("{}--output truncated--", "ü".repeat(10)));
        std::fs::remove_file(path).expect("removed");
    }
}
