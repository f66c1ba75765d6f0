//! The processor architecture that the name of an instance type or of a public image shows. What runs macOS is refused
//! anyway, so it has none here.

use ec2_ops_limits::instance_type;

/// The words for an architecture in the names of AWS's public parameters, and EC2's name of it.
const WORDS: [(&str, &str); 4] =
    [("arm64", "arm64"), ("aarch64", "arm64"), ("x86_64", "x86_64"), ("amd64", "x86_64")];

/// The architecture of an instance type.
pub(super) fn of_type(name: &str) -> Option<&'static str> {
    instance_type::architecture(name).filter(|architecture| !architecture.ends_with("_mac"))
}

/// The architecture of an image whose id is in a public parameter of AWS, if the parameter's name shows it. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html>.
pub(super) fn of_image(image: &str) -> Option<&'static str> {
    let name = image.strip_prefix("resolve:ssm:/aws/service/")?;
    let known = |word| WORDS.iter().find(|(known, _)| *known == word).map(|(_, architecture)| *architecture);
    name.split(['/', '-', ':']).find_map(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_runs_macos_has_none() {
        assert_eq!(of_type("t4g.nano"), Some("arm64"));
        for name in ["mac1.metal", "mac2-m1ultra.metal", "mac-m4.metal"] {
            assert_eq!(of_type(name), None, "{name}");
        }
    }

    #[test]
    fn a_public_image_is_known_by_the_name_of_its_parameter() {
        for (name, architecture) in [
            ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", Some("arm64")),
            ("/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2:7", Some("x86_64")),
            (
                "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
                Some("x86_64"),
            ),
            ("/aws/service/ec2-macos/sonoma/arm64_mac/latest/image_id", None),
            ("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id", None),
            ("/mine/arm64", None),
        ] {
            assert_eq!(of_image(&format!("resolve:ssm:{name}")), architecture, "{name}");
        }
        assert_eq!(of_image("ami-0abcdef1234567890"), None);
    }
}
