//! The time of day.

use jiff::Timestamp;

/// The time of day.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}
