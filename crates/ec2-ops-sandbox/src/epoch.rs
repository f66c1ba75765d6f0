//! Moments as JSON services write them.

use jiff::Timestamp;

/// Epoch seconds with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era fit a double")]
pub(crate) fn epoch(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
