//! The processor architecture that the name of an instance type or of a public image shows. What runs macOS is refused
//! anyway, so it has none here.

/// The words for an architecture in the names of AWS's public parameters, and EC2's name of it.
const WORDS: [(&str, &str); 4] =
    [("arm64", "arm64"), ("aarch64", "arm64"), ("x86_64", "x86_64"), ("amd64", "x86_64")];

/// The architecture of an instance type: Graviton has a `g` after the number of the generation. See
/// <https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html>.
pub(super) fn of_type(name: &str) -> Option<&'static str> {
    let (family, _) = name.split_once('.')?;
    let after_series = family.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let after_generation = after_series.trim_start_matches(|c: char| c.is_ascii_digit());
    // After a hyphen comes a size of memory, a processor such as GB200, or `flex`.
    let (attributes, processor) = after_generation.split_once('-').unwrap_or((after_generation, ""));
    match family {
        mac if mac.starts_with("mac") => None,
        "a1" => Some("arm64"),
        _ if attributes.contains('g') || processor.starts_with("gb") => Some("arm64"),
        _ => Some("x86_64"),
    }
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
    fn graviton_is_known_by_the_g_after_the_generation() {
        for (architecture, types) in [
            (
                "arm64",
                "a1.large t4g.nano m6gd.large c7gn.xlarge im4gn.large is4gen.large i8ge.large g5g.xlarge hpc7g.4xlarge x8g.large r8gb.medium p6e-gb200.36xlarge",
            ),
            (
                "x86_64",
                "t3.nano m5.large g4dn.xlarge g6.xlarge gr6f.4xlarge c7i-flex.large u-6tb1.metal u7in-16tb.224xlarge p6-b200.48xlarge trn1n.32xlarge vt1.3xlarge",
            ),
        ] {
            for name in types.split(' ') {
                assert_eq!(of_type(name), Some(architecture), "{name}");
            }
        }
        for name in ["large", "mac1.metal", "mac2-m1ultra.metal", "mac-m4.metal"] {
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
