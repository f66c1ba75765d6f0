//! Times for people.

use jiff::{SignedDuration, Timestamp};

/// `2026-11-25 21:42:33Z`
pub fn moment(time: Timestamp) -> String {
    time.strftime("%F %TZ").to_string()
}

/// `41 s`, `3 m 12 s`, `2 h 5 m`, `3 d 4 h`: the two largest units.
pub fn duration(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600, seconds / 60);
    if days > 0 {
        format!("{days} d {} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {} m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} m {} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        let words = |seconds| duration(SignedDuration::from_secs(seconds));
        assert_eq!(
            [0, 41, 192, 7_500, 273_600].map(words),
            ["0 s", "41 s", "3 m 12 s", "2 h 5 m", "3 d 4 h"]
        );
    }
}
