//! Moments as services write them.

use jiff::Timestamp;
use serde::Serializer;

/// Epoch seconds with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era fit a double")]
pub(crate) fn epoch(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

/// `2026-01-01T00:00:00Z`, as EventBridge dates its events.
pub(crate) fn iso_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-01-01T00:00:00.123Z`, as SSM dates its invocations.
pub(crate) fn iso_milliseconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `2026-01-01T00:00:00.000Z`: EC2's milliseconds are always zero.
pub(crate) fn iso<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
}
