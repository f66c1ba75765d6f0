//! The output of a script: all of it goes to a file, the beginning of it to the result.

use std::fs::File;
use std::io::{self, PipeWriter, Read};
use std::path::Path;
use std::thread;

/// What the agent puts at the end of a text that it cut. See `OutputTruncatedSuffix` in amazon-ssm-agent.
const TRUNCATED: &str = "--output truncated--";

/// Copies what is written to the returned pipe into a new file at `path`. Calls `closed` when no process holds the pipe.
///
/// The script gets a pipe and not the file itself, as from the real agent: `echo … > /dev/stderr` would truncate a file.
pub(super) fn to(
    path: &Path,
    closed: impl FnOnce(io::Result<()>) + Send + 'static,
) -> io::Result<PipeWriter> {
    let mut file = File::create_new(path)?;
    let (mut pipe, writer) = io::pipe()?;
    thread::spawn(move || closed(io::copy(&mut pipe, &mut file).map(drop)));
    Ok(writer)
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
