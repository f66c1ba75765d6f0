//! The format of EC2's ids.

/// Whether `id` is `prefix` and 8 or 17 lower-case hexadecimal digits.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>.
pub(super) fn well_formed(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// `ids` without repetitions, in order of first appearance: EC2 treats a repeated id as one.
pub(super) fn distinct(ids: &[String]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    ids.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_8_or_17_hexadecimal_digits_are_an_id() {
        assert!(well_formed("i-01234567", "i-"));
        assert!(well_formed("i-0123456789abcdef0", "i-"));
        for bad in ["i-", "i-0123456789abcdef", "i-0123456G", "ami-01234567", "I-01234567", ""] {
            assert!(!well_formed(bad, "i-"), "{bad}");
        }
    }
}
