//! What a deployment tells its Lambdas, in environment variables.

use std::fmt;

use ec2_ops::ids::Region;

/// A variable that is missing or wrong.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} {problem}")]
pub struct SettingError {
    name: &'static str,
    problem: String,
}

/// What `main` returns is printed in its debug form; this one is for people as well.
impl fmt::Debug for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The region that the Lambda runs in: `AWS_REGION`, which the Lambda service sets.
///
/// # Errors
/// Where it is not set.
pub fn region() -> Result<Region, SettingError> {
    region_from(variable)
}

/// The table of task tokens: `EC2_OPS_WAKE_TABLE`.
///
/// # Errors
/// Where it is not set.
pub fn wake_table() -> Result<String, SettingError> {
    required(variable, "EC2_OPS_WAKE_TABLE", "the name of the table of task tokens")
}

fn region_from(get: impl Fn(&str) -> Option<String>) -> Result<Region, SettingError> {
    required(get, "AWS_REGION", "a region").map(Region::new)
}

/// What is set to nothing is not set: that is how Terraform writes an optional variable.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.is_empty())
}

fn required(
    get: impl Fn(&str) -> Option<String>,
    name: &'static str,
    expected: &str,
) -> Result<String, SettingError> {
    get(name).ok_or_else(|| SettingError { name, problem: format!("is not set, expected {expected}") })
}
