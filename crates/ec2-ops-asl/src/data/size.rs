//! The quota on payloads.

use std::io::{self, Write};

use serde_json::Value;

/// The most bytes that the JSON text of an input, an output or a result may have.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
pub const MAX_PAYLOAD_BYTES: usize = 262_144;

/// Whether the JSON text of `value` is over the quota. Counts without building the text.
pub(crate) fn exceeds_quota(value: &Value) -> bool {
    let mut counter = Counter { left: MAX_PAYLOAD_BYTES };
    serde_json::to_writer(&mut counter, value).is_err()
}

/// Takes bytes until the quota is used up.
struct Counter {
    left: usize,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_counts_bytes_of_the_json_text() {
        let text = |bytes: usize| Value::String("x".repeat(bytes - 2));
        assert!(!exceeds_quota(&text(MAX_PAYLOAD_BYTES)));
        assert!(exceeds_quota(&text(MAX_PAYLOAD_BYTES + 1)));
        assert!(exceeds_quota(&Value::String("é".repeat(MAX_PAYLOAD_BYTES / 2))));
    }
}
