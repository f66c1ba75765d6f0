//! What AWS refuses, as far as a request alone shows it: sizes, counts, names, combinations.
//!
//! One list with three readers: the validation of a document refuses before a launch what EC2 would refuse at it, the
//! sandbox refuses it as EC2 does, and a table of `docs/execution-document.md` is held to it. It is a crate of its own,
//! because the sandbox does not know the core.
//!
//! ```
//! use ec2_ops_limits::launch;
//! use serde_json::json;
//!
//! let volume = json!({ "DeviceName": "/dev/sdf", "Ebs": { "VolumeType": "io2", "VolumeSize": 100 } });
//! let refused = launch::refusals(&json!({ "BlockDeviceMappings": [volume] }));
//! assert_eq!(refused[0].path, "BlockDeviceMappings[0].Ebs.Iops");
//! assert_eq!(refused[0].rule.code, "MissingParameter");
//! ```

pub mod instance_type;
pub mod launch;
mod rule;
pub mod s3;
pub mod ssm;
pub mod vcpus;
pub mod volume;

pub use rule::{Refusal, Rule};

/// How many tags a resource can have. See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html>.
pub const MAX_TAGS: usize = 50;

/// Whether `id` is `prefix` and 8 or 17 lower-case hexadecimal digits.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>.
pub fn is_id(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_8_or_17_hexadecimal_digits_are_an_id() {
        assert!(is_id("i-01234567", "i-"));
        assert!(is_id("i-0123456789abcdef0", "i-"));
        for bad in ["i-", "i-0123456789abcdef", "i-0123456G", "ami-01234567", "I-01234567", ""] {
            assert!(!is_id(bad, "i-"), "{bad}");
        }
    }
}
