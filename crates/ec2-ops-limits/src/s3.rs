//! Names of S3.

/// The longest key, in bytes. See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
pub const MAX_KEY_BYTES: usize = 1024;

/// The characters and the length of a bucket's name, by
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
pub fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.'])
        && !name.contains("..")
}
