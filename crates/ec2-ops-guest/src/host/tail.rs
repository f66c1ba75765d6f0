//! What a script prints, while it prints it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::GuestEvent;

/// Where a script prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl OutputStream {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// The name of the agent's file for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// The most bytes that one look takes from a file; more is left for the next one.
const LOOK: u64 = 1 << 20;

/// Reads the agent's files of one command as they grow. The agent itself does so once a second, for CloudWatch Logs.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) command: String,
    files: [(OutputStream, PathBuf, Option<File>); 2],
}

impl Tail {
    /// A reader of the files in `directory`, which may not be there yet.
    pub(super) fn new(command: &str, directory: &Path) -> Self {
        let file = |stream: OutputStream| (stream, directory.join(stream.as_str()), None);
        Self { command: command.to_owned(), files: OutputStream::BOTH.map(file) }
    }

    /// What is new in each file.
    pub(super) fn read(&mut self) -> Vec<GuestEvent> {
        self.read_up_to(|_| LOOK)
    }

    /// All that is in the files now. A daemon that the script left behind may print on, so it is not read to an end.
    pub(super) fn rest(&mut self) -> Vec<GuestEvent> {
        self.read_up_to(|file| file.metadata().map_or(LOOK, |metadata| metadata.len()))
    }

    fn read_up_to(&mut self, limit: impl Fn(&File) -> u64) -> Vec<GuestEvent> {
        let mut news = Vec::new();
        for (stream, path, file) in &mut self.files {
            // One that is not there yet is there at a later look. As with the real agent, one that cannot be read loses
            // the log and not the command.
            if file.is_none() {
                *file = File::open(path).ok();
            }
            let mut bytes = Vec::new();
            if let Some(file) = file {
                let limit = limit(file);
                // What was read before an error counts.
                let _ = file.take(limit).read_to_end(&mut bytes);
            }
            if !bytes.is_empty() {
                news.push(GuestEvent::Printed { id: self.command.clone(), stream: *stream, bytes });
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    /// What the tail reads.
    fn read(tail: &mut Tail) -> Vec<(OutputStream, Vec<u8>)> {
        let printed = tail.read().into_iter();
        printed
            .map(|event| match event {
                GuestEvent::Printed { stream, bytes, .. } => (stream, bytes),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn each_byte_is_read_once_from_files_that_come_later_and_grow() {
        let directory = std::env::temp_dir().join(format!("ec2-ops-tail-{}", std::process::id()));
        let mut tail = Tail::new("c-1", &directory);
        assert_eq!(read(&mut tail), []);
        fs::create_dir_all(&directory).unwrap();
        let mut stdout = File::create(directory.join("stdout")).unwrap();
        stdout.write_all(b"one\ntw").unwrap();
        assert_eq!(read(&mut tail), [(OutputStream::Stdout, b"one\ntw".to_vec())]);
        stdout.write_all(b"o\n").unwrap();
        fs::write(directory.join("stderr"), b"!\n").unwrap();
        let both = [(OutputStream::Stdout, b"o\n".to_vec()), (OutputStream::Stderr, b"!\n".to_vec())];
        assert_eq!(read(&mut tail), both);
        assert_eq!(read(&mut tail), []);
        fs::remove_dir_all(directory).unwrap();
    }
}
