//! The SDK's times as ours.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// `time` as a [`Timestamp`], to the millisecond: JSON has it as a fraction, whose further digits mean nothing. A time beyond
/// the range of a timestamp, which no service sends, is the epoch.
pub(crate) fn timestamp(time: &DateTime) -> Timestamp {
    let milliseconds = (time.as_nanos() + 500_000).div_euclid(1_000_000);
    i64::try_from(milliseconds).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_json_is_rounded_to_the_millisecond() {
        let time = timestamp(&DateTime::from_secs_f64(1_795_647_630.401));
        assert_eq!(time.to_string(), "2026-11-25T23:00:30.401Z");
    }
}
