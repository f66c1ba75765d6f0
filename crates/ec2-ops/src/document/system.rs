//! The operating system: the commands are a shell script for Linux, so an image of another one would be paid for in vain.
//!
//! An id does not show the system of its image. For these, `Boot` asks EC2.

use super::instance_parameters::{InstanceParameters, OneOrMore};
use super::launch::{PATH, each};
use super::problem::{Problem, quoted};

/// AWS's own parameters with images of other systems. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html> and
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/macos-ami-ids-parameter-store.html>.
const OTHER_SYSTEMS: [(&str, &str); 2] =
    [("/aws/service/ami-windows-latest/", "Windows"), ("/aws/service/ec2-macos/", "macOS")];

/// What to take instead.
const LINUX: &str = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";

/// Reports an image and types that do not run Linux.
pub(super) fn check(instance: &InstanceParameters<OneOrMore>, problems: &mut Vec<Problem>) {
    let image = instance.image_id.as_str();
    if let Some((_, system)) = OTHER_SYSTEMS.iter().find(|(name, _)| image.contains(name)) {
        let message =
            format!("found {}, an image of {system}, expected one of Linux, such as {LINUX}", quoted(image));
        problems.push(Problem::new(format!("{PATH}.ImageId"), message));
    }
    for (path, name) in each("InstanceType", Some(&instance.instance_type)) {
        if is_mac(name) {
            let message = format!(
                "found {}, which runs only macOS, expected a type for Linux, such as t4g.large",
                quoted(name)
            );
            problems.push(Problem::new(format!("{PATH}.{path}"), message));
        }
    }
}

/// `mac1.metal`, `mac2-m2.metal`, `mac-m4.metal`. See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-mac-instances.html>.
fn is_mac(instance_type: &str) -> bool {
    instance_type
        .strip_prefix("mac")
        .is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_ascii_digit()))
}
