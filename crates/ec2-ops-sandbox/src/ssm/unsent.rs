//! Output of a command that is not in CloudWatch Logs yet.

use ec2_ops_guest::host::OutputStream;

/// The beginning of a line, for each stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsent {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Unsent {
    /// That of one stream.
    pub(super) fn of(&mut self, stream: OutputStream) -> &mut Vec<u8> {
        match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        }
    }
}
