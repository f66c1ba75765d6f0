//! Patterns of resources.

use crate::wildcard;

/// Whether the ARN `resource` matches `pattern`. A wildcard does not reach beyond its part of the ARN, but for the last
/// one. See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>.
pub(super) fn matches(pattern: &str, resource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (mut patterns, mut parts) = (pattern.splitn(6, ':'), resource.splitn(6, ':'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if wildcard::matches(&wildcard::parts(pattern), part) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_wildcard_stays_in_its_part_of_the_arn() {
        for (pattern, resource, expected) in [
            ("*", "arn:aws:ec2:us-east-1:1:instance/i-1", true),
            ("arn:aws:ec2:*:1:instance/*", "arn:aws:ec2:us-east-1:1:instance/i-1", true),
            ("arn:aws:ec2:*:1:instance/*", "arn:aws:ec2:us-east-1:2:instance/i-1", false),
            ("arn:aws:ec2:*:1:instance/*", "arn:aws:ec2:us-east-1:1:volume/vol-1", false),
            ("arn:aws:ec2:*::image/*", "arn:aws:ec2:us-east-1::image/ami-1", true),
            ("arn:aws:ec2:*", "arn:aws:ec2:us-east-1:1:instance/i-1", false),
            ("arn:aws:s3:::output", "arn:aws:s3:::output", true),
            ("arn:aws:s3:::output", "arn:aws:s3:::output-of-others", false),
            ("arn:aws:s3:::output/*", "arn:aws:s3:::output/a/b", true),
            ("arn:aws:s3:::output/*", "arn:aws:s3:::output", false),
            ("arn:aws:states:r:1:execution:ec2-ops:*", "arn:aws:states:r:1:execution:ec2-ops:run-1", true),
            ("arn:aws:states:r:1:execution:ec2-ops:*", "arn:aws:states:r:1:execution:ec2-ops-2:run-1", false),
            ("arn:aws:iam::1:role/a-?", "arn:aws:iam::1:role/a-1", true),
            ("arn:aws:iam::1:role/a-?", "arn:aws:iam::1:role/a-12", false),
        ] {
            assert_eq!(matches(pattern, resource), expected, "{pattern} and {resource}");
        }
    }
}
