//! Names of S3.

use std::net::Ipv4Addr;

/// The longest key, in bytes. See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
pub const MAX_KEY_BYTES: usize = 1024;

/// The rule that `name` breaks, if it can be no bucket's: "a bucket name …". See
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
pub fn bucket_name_rule(name: &str) -> Option<&'static str> {
    let alphanumeric = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = name.as_bytes();
    let at_end = |byte: Option<&u8>| byte.is_some_and(|&c| alphanumeric(c));
    if !(3..=63).contains(&bytes.len()) {
        Some("has 3 to 63 characters")
    } else if !bytes.iter().all(|&c| alphanumeric(c) || c == b'.' || c == b'-') {
        Some("consists of lower-case letters, digits, dots and hyphens")
    } else if !at_end(bytes.first()) || !at_end(bytes.last()) {
        Some("begins and ends with a letter or digit")
    } else if name.contains("..") {
        Some("has no two dots in a row")
    } else if name.parse::<Ipv4Addr>().is_ok() {
        Some("is not an IP address")
    } else if ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|reserved| name.starts_with(reserved)) {
        Some("does not begin with a reserved prefix (xn--, sthree-, amzn-s3-demo-)")
    } else if ["--x-s3", "--table-s3", ".mrap"].iter().any(|reserved| name.ends_with(reserved)) {
        Some(
            "does not end as that of a directory bucket, a table bucket or an access point (--x-s3, --table-s3, .mrap)",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        for good in ["abc", "my.bucket-1", &"a".repeat(63)] {
            assert_eq!(bucket_name_rule(good), None, "{good}");
        }
        for bad in [
            "ab",
            "Upper",
            "under_score",
            "-a-",
            "a..b",
            "127.0.0.1",
            "xn--a",
            "a--use1-az4--x-s3",
            &"a".repeat(64),
        ] {
            assert!(bucket_name_rule(bad).is_some(), "{bad}");
        }
    }
}
