//! The limits of payloads.

use std::io::{self, Write};

use serde_json::Value;

use crate::json::Json;

/// The most bytes that the JSON text of an input, an output or a result may have.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
pub const MAX_PAYLOAD_BYTES: usize = 262_144;

/// The most levels of arrays and objects that a payload may have: as many as `serde_json` reads. AWS documents no limit.
pub(crate) const MAX_DEPTH: usize = 127;

/// How `payload` exceeds a limit, as AWS's message goes on after "returned a result with".
pub(crate) fn excess(payload: &Json) -> Option<&'static str> {
    if is_deeper(payload, MAX_DEPTH) {
        Some("more than the maximum of 127 nested arrays and objects")
    } else if exceeds_bytes(payload) {
        Some("a size exceeding the maximum number of bytes service limit")
    } else {
        None
    }
}

/// Whether `value` has more than `levels` levels. Looks no further than that.
fn is_deeper(value: &Value, levels: usize) -> bool {
    let deeper = |inner| levels == 0 || is_deeper(inner, levels - 1);
    match value {
        Value::Array(elements) => levels == 0 || elements.iter().any(deeper),
        Value::Object(members) => levels == 0 || members.values().any(deeper),
        _ => false,
    }
}

/// Whether the text of `payload` is over the quota. Counts without building the text.
fn exceeds_bytes(payload: &Json) -> bool {
    match payload.text() {
        Some(text) => text.len() > MAX_PAYLOAD_BYTES,
        None => {
            let mut counter = Counter { left: MAX_PAYLOAD_BYTES };
            serde_json::to_writer(&mut counter, &**payload).is_err()
        }
    }
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
        let text = |bytes: usize| Json::from(Value::String("x".repeat(bytes - 2)));
        assert_eq!(excess(&text(MAX_PAYLOAD_BYTES)), None);
        assert!(excess(&text(MAX_PAYLOAD_BYTES + 1)).unwrap().contains("number of bytes"));
        assert!(excess(&Value::String("é".repeat(MAX_PAYLOAD_BYTES / 2)).into()).is_some());
    }

    #[test]
    fn white_space_that_was_sent_counts() {
        let sent = Json::parse(&format!("1{}", " ".repeat(MAX_PAYLOAD_BYTES))).unwrap();
        assert!(excess(&sent).is_some());
    }

    #[test]
    fn the_deepest_payload_is_the_deepest_that_is_read_back() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        let deepest = Json::from(nested(MAX_DEPTH));
        assert_eq!(excess(&deepest), None);
        assert!(Json::parse(&deepest.to_string()).is_ok());
        let deeper = Json::from(nested(MAX_DEPTH + 1));
        assert!(excess(&deeper).unwrap().contains("127 nested arrays"));
        assert!(Json::parse(&deeper.to_string()).is_err());
    }
}
