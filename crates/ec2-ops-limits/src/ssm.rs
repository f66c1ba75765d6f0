//! Names of Parameter Store.

/// The longest name, in characters. See
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>.
const MAX_PARAMETER_NAME: usize = 1011;

/// Whether a parameter can have this name: letters, digits, `.`, `-` and `_`; in a hierarchy, `/` before each part. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html>.
pub fn is_parameter_name(name: &str) -> bool {
    let parts = name.strip_prefix('/').unwrap_or(name);
    (name.starts_with('/') || !parts.contains('/'))
        && name.len() <= MAX_PARAMETER_NAME
        && parts.split('/').all(|part| !part.is_empty() && part.chars().all(is_plain))
}

/// Whether `image` is `resolve:ssm:NAME`, and perhaps `:VERSION` or `:LABEL`, which EC2 resolves to the id of an AMI. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html>.
pub fn is_image_parameter(image: &str) -> bool {
    let Some(parameter) = image.strip_prefix("resolve:ssm:") else { return false };
    let (name, selector) = parameter.split_once(':').unwrap_or((parameter, "1"));
    is_parameter_name(name) && !selector.is_empty() && selector.chars().all(is_plain)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}
