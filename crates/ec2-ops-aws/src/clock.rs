//! The time of day, from the operating system.

use ec2_ops::ports::Clock;
use jiff::{Timestamp, Unit};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Milliseconds, as Step Functions and SSM have them.
        let now = Timestamp::now();
        now.round(Unit::Millisecond).unwrap_or(now)
    }
}
