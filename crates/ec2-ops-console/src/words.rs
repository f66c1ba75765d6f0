//! Times and sizes for people.

use jiff::SignedDuration;

/// As [`ec2_ops_client::duration`], but with tenths below ten seconds.
pub(crate) fn duration(time: SignedDuration) -> String {
    if time < SignedDuration::from_secs(10) {
        return format!("{:.1} s", time.as_secs_f64().max(0.0));
    }
    ec2_ops_client::duration(time)
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
    fn a_short_duration_has_tenths() {
        let words = |ms| duration(SignedDuration::from_millis(ms));
        assert_eq!(
            [-1, 420, 9_960, 10_000, 192_000].map(words),
            ["0.0 s", "0.4 s", "10.0 s", "10 s", "3 m 12 s"]
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
