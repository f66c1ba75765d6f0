//! The lines of an object, read in pieces.

use crate::error::Error;
use crate::ids::Region;
use crate::ports::FleetResults;

/// How much of an object is read at once, in bytes.
pub(super) const PIECE: u64 = 4 * 1024 * 1024;

/// The lines of an object.
pub(super) struct Lines<'a, R> {
    results: &'a R,
    region: &'a Region,
    bucket: &'a str,
    key: &'a str,
    size: u64,
    /// How much has been read.
    read: u64,
    /// What has been read and belongs to no line yet that was returned.
    buffer: Vec<u8>,
}

impl<'a, R: FleetResults> Lines<'a, R> {
    pub(super) fn new(
        results: &'a R,
        region: &'a Region,
        (bucket, key): (&'a str, &'a str),
        size: u64,
    ) -> Self {
        Self { results, region, bucket, key, size, read: 0, buffer: Vec::new() }
    }

    /// The next line that is not empty, without its end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let end = self.buffer.iter().position(|byte| *byte == b'\n');
            let line = match end {
                Some(end) => {
                    let rest = self.buffer.split_off(end + 1);
                    let mut line = std::mem::replace(&mut self.buffer, rest);
                    line.pop();
                    line
                }
                None if self.read < self.size => {
                    let piece = self.read..(self.read + PIECE).min(self.size);
                    self.read = piece.end;
                    self.buffer.extend(self.results.read(self.region, self.bucket, self.key, piece).await?);
                    continue;
                }
                None if self.buffer.is_empty() => return Ok(None),
                None => std::mem::take(&mut self.buffer),
            };
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }
}
