//! What the name of an instance type shows, and how many may be asked about.

/// How many types one call of `DescribeInstanceTypes` takes. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html>.
pub const MAX_DESCRIBED: usize = 100;

/// The processor architecture of the type `name`, in EC2's words: Graviton has a `g` after the number of the generation. See
/// <https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html>.
pub fn architecture(name: &str) -> Option<&'static str> {
    let (family, _) = name.split_once('.')?;
    let after_series = family.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let after_generation = after_series.trim_start_matches(|c: char| c.is_ascii_digit());
    // After a hyphen comes a size of memory, a processor such as GB200, or `flex`.
    let (attributes, processor) = after_generation.split_once('-').unwrap_or((after_generation, ""));
    Some(match family {
        "mac1" => "x86_64_mac",
        mac if mac.starts_with("mac") => "arm64_mac",
        "a1" => "arm64",
        _ if attributes.contains('g') || processor.starts_with("gb") => "arm64",
        _ => "x86_64",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graviton_is_known_by_the_g_after_the_generation() {
        for (expected, types) in [
            (
                "arm64",
                "a1.large t4g.nano m6gd.large c7gn.xlarge im4gn.large is4gen.large i8ge.large g5g.xlarge hpc7g.4xlarge x8g.large r8gb.medium p6e-gb200.36xlarge",
            ),
            (
                "x86_64",
                "t3.nano m5.large g4dn.xlarge g6.xlarge gr6f.4xlarge c7i-flex.large u-6tb1.metal u7in-16tb.224xlarge p6-b200.48xlarge trn1n.32xlarge vt1.3xlarge",
            ),
            ("x86_64_mac", "mac1.metal"),
            ("arm64_mac", "mac2-m1ultra.metal mac-m4.metal"),
        ] {
            for name in types.split(' ') {
                assert_eq!(architecture(name), Some(expected), "{name}");
            }
        }
        assert_eq!(architecture("large"), None);
    }
}
