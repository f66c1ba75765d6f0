//! The instance types that EC2 has.

/// Families that come in the same sizes, and those sizes; from EC2's service model (`InstanceType`).
const FAMILIES: &[(&str, &str)] = &[
    ("a1", "medium large xlarge 2xlarge 4xlarge metal"),
    ("c1", "medium xlarge"),
    ("c3 c4 r3", "large xlarge 2xlarge 4xlarge 8xlarge"),
    ("c5 c5d", "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge metal"),
    ("c5a c5ad m5a m5ad r5a r5ad", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge"),
    ("c5n", "large xlarge 2xlarge 4xlarge 9xlarge 18xlarge metal"),
    (
        "c6a m6a r6a",
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge metal",
    ),
    (
        "c6g c6gd c7g c7gd c7gn m6g m6gd m7g m7gd r6g r6gd r7g r7gd x2gd",
        "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge metal",
    ),
    ("c6gn", "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    (
        "c6i c6id c6in i4i m6i m6id m6idn m6in r6i r6id r6idn r6in",
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge metal",
    ),
    (
        "c7a m7a r7a",
        "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge metal-48xl",
    ),
    (
        "c7i i7i m7i r7i",
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl metal-48xl",
    ),
    (
        "c7i-flex c8i-flex m7i-flex m8i-flex r8i-flex",
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    ),
    (
        "c8a c8g c8gb c8gd c8gn m8a m8g m8gb m8gd m8gn r8a r8g r8gd r8gn x8g",
        "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl metal-48xl",
    ),
    (
        "c8i c8id m8i m8id r8i r8id",
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge metal-48xl metal-96xl",
    ),
    ("cc1 cg1 gr6f hi1", "4xlarge"),
    ("cc2 cr1 hs1", "8xlarge"),
    ("d2 d3 i2", "xlarge 2xlarge 4xlarge 8xlarge"),
    ("d3en", "xlarge 2xlarge 4xlarge 6xlarge 8xlarge 12xlarge"),
    ("dl1 dl2q p3dn p4d p4de", "24xlarge"),
    ("f1", "2xlarge 4xlarge 16xlarge"),
    ("f2", "6xlarge 12xlarge 48xlarge"),
    ("g2", "2xlarge 8xlarge"),
    ("g3 hpc7g", "4xlarge 8xlarge 16xlarge"),
    ("g3s", "xlarge"),
    ("g4ad", "xlarge 2xlarge 4xlarge 8xlarge 16xlarge"),
    ("g4dn", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge metal"),
    ("g5 g6 g6e", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    ("g5g", "xlarge 2xlarge 4xlarge 8xlarge 16xlarge metal"),
    ("g6f", "large xlarge 2xlarge 4xlarge"),
    ("g7e", "2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge"),
    ("gr6", "4xlarge 8xlarge"),
    ("h1", "2xlarge 4xlarge 8xlarge 16xlarge"),
    ("hpc6a p5e p5en p6-b200 p6-b300", "48xlarge"),
    ("hpc6id trn1n", "32xlarge"),
    ("hpc7a", "12xlarge 24xlarge 48xlarge 96xlarge"),
    ("hpc8a", "96xlarge"),
    ("i3", "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge metal"),
    ("i3en", "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge 24xlarge metal"),
    ("i4g im4gn r4", "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge"),
    (
        "i7ie i8ge",
        "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge 18xlarge 24xlarge 48xlarge metal-24xl metal-48xl",
    ),
    ("i8g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl"),
    ("inf1", "xlarge 2xlarge 6xlarge 24xlarge"),
    ("inf2", "xlarge 8xlarge 24xlarge 48xlarge"),
    ("is4gen", "medium large xlarge 2xlarge 4xlarge 8xlarge"),
    ("m1", "small medium large xlarge"),
    ("m2", "xlarge 2xlarge 4xlarge"),
    ("m3", "medium large xlarge 2xlarge"),
    ("m4", "large xlarge 2xlarge 4xlarge 10xlarge 16xlarge"),
    (
        "m5 m5d m5dn m5n r5 r5b r5d r5dn r5n",
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge metal",
    ),
    ("m5zn z1d", "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge metal"),
    ("m8azn", "medium large xlarge 3xlarge 6xlarge 12xlarge 24xlarge metal-12xl metal-24xl"),
    ("mac-m4 mac-m4max mac-m4pro mac1 mac2 mac2-m1ultra mac2-m2 mac2-m2pro", "metal"),
    ("p2", "xlarge 8xlarge 16xlarge"),
    ("p3", "2xlarge 8xlarge 16xlarge"),
    ("p5", "4xlarge 48xlarge"),
    ("p6e-gb200", "36xlarge"),
    ("r7iz", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 32xlarge metal-16xl metal-32xl"),
    ("r8gb", "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge metal-24xl"),
    ("t1", "micro"),
    ("t2 t3 t3a t4g", "nano micro small medium large xlarge 2xlarge"),
    ("trn1", "2xlarge 32xlarge"),
    ("trn2", "3xlarge 48xlarge"),
    ("u-12tb1 u-18tb1 u-24tb1 u-9tb1", "112xlarge metal"),
    ("u-3tb1", "56xlarge"),
    ("u-6tb1", "56xlarge 112xlarge metal"),
    ("u7i-12tb u7ib-12tb u7in-16tb u7in-24tb u7in-32tb", "224xlarge"),
    ("u7i-6tb u7i-8tb", "112xlarge"),
    ("u7inh-32tb", "480xlarge"),
    ("vt1", "3xlarge 6xlarge 24xlarge"),
    ("x1", "16xlarge 32xlarge"),
    ("x1e", "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 32xlarge"),
    ("x2idn", "16xlarge 24xlarge 32xlarge metal"),
    ("x2iedn", "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge metal"),
    ("x2iezn", "2xlarge 4xlarge 6xlarge 8xlarge 12xlarge metal"),
    ("x8aedz", "large xlarge 3xlarge 6xlarge 12xlarge 24xlarge metal-12xl metal-24xl"),
    (
        "x8i",
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 64xlarge 96xlarge metal-48xl metal-96xl",
    ),
];

/// Whether EC2 has the type `name`, for example `t3.micro`.
pub(super) fn exists(name: &str) -> bool {
    name.split_once('.').is_some_and(|(family, size)| sizes(family).any(|known| known == size))
}

/// How many vCPUs the type `name` has by the usual meaning of its size. A few old types and those for HPC have others.
pub(super) fn vcpus(name: &str) -> u32 {
    let (family, size) = name.split_once('.').unwrap_or((name, ""));
    // `metal` is the whole machine, so the largest size; a Mac has 12.
    vcpus_of_size(family, size)
        .or_else(|| sizes(family).filter_map(|size| vcpus_of_size(family, size)).max())
        .unwrap_or(12)
}

fn vcpus_of_size(family: &str, size: &str) -> Option<u32> {
    match (family, size) {
        ("t3" | "t3a" | "t4g", "nano" | "micro" | "small" | "medium")
        | ("c1" | "t2", "medium")
        | (_, "large") => Some(2),
        (_, "nano" | "micro" | "small" | "medium") => Some(1),
        (_, "xlarge") => Some(4),
        _ => {
            let size = size.strip_prefix("metal-").unwrap_or(size);
            let times = size.strip_suffix("xlarge").or_else(|| size.strip_suffix("xl"))?;
            times.parse::<u32>().ok().map(|times| 4 * times)
        }
    }
}

/// The sizes of a family.
fn sizes(family: &str) -> impl Iterator<Item = &'static str> {
    let has = |(families, _): &&(&str, &str)| families.split(' ').any(|name| name == family);
    FAMILIES.iter().find(has).into_iter().flat_map(|(_, sizes)| sizes.split(' '))
}

/// Whether `name` is a bare-metal type.
pub(super) fn is_bare_metal(name: &str) -> bool {
    name.split_once('.').is_some_and(|(_, size)| size.starts_with("metal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_types_exist() {
        for name in ["t3.micro", "t4g.nano", "m7i.large", "c8g.48xlarge", "r7iz.metal-16xl", "hpc7a.96xlarge"]
        {
            assert!(exists(name), "{name}");
        }
    }

    #[test]
    fn invented_types_do_not() {
        for name in
            ["t9.gigantic", "foo.bar", "t3.", ".micro", "t3", "", "t3.micro ", "m5.nano", "c5 c5d.large"]
        {
            assert!(!exists(name), "{name}");
        }
    }

    #[test]
    fn a_size_has_the_vcpus_that_ec2_lists() {
        for (name, expected) in [
            ("t2.micro", 1),
            ("t4g.nano", 2),
            ("t3.medium", 2),
            ("m7g.medium", 1),
            ("c7i.large", 2),
            ("m7i-flex.xlarge", 4),
            ("r8g.48xlarge", 192),
            ("c8g.metal-24xl", 96),
            ("m5.metal", 96),
            ("mac2.metal", 12),
        ] {
            assert_eq!(vcpus(name), expected, "{name}");
        }
    }
}
