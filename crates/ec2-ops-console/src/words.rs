//! Times and sizes for people.

use jiff::{SignedDuration, Timestamp};

/// `0.42 s`, `41 s`, `3 m 12 s`, `2 h 5 m`, `3 d 4 h`: the two largest units.
pub(crate) fn duration(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600, seconds / 60);
    if days > 0 {
        format!("{days} d {} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {} m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} m {} s", seconds % 60)
    } else if seconds >= 10 {
        format!("{seconds} s")
    } else {
        format!("{:.1} s", time.as_secs_f64().max(0.0))
    }
}

/// `2026-11-25 21:42:33Z`
pub(crate) fn moment(time: Timestamp) -> String {
    time.strftime("%F %TZ").to_string()
}

/// The first line of a text.
pub(crate) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// How much of a payload a row of a table shows, in characters.
const EXCERPT: usize = 300;

/// The beginning of a long text.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// `text` in quotes, if a shell would take it apart otherwise.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `text` as a segment of a URL's path, or as a value in its query.
pub(crate) fn in_url(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        let words = |ms| duration(SignedDuration::from_millis(ms));
        assert_eq!(
            [0, 420, 41_000, 192_000, 7_500_000, 273_600_000].map(words),
            ["0.0 s", "0.4 s", "41 s", "3 m 12 s", "2 h 5 m", "3 d 4 h"]
        );
    }

    #[test]
    fn what_a_shell_takes_apart_is_quoted() {
        assert_eq!(
            quoted("arn:aws:states:us-east-1:0:execution:ec2-ops:a"),
            "arn:aws:states:us-east-1:0:execution:ec2-ops:a"
        );
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
