//! The settings that a deployment passes to its Lambdas, in environment variables.

use std::collections::BTreeMap;
use std::fmt;

use aws_credential_types::Credentials;
use ec2_ops::ids::Region;
use ec2_ops::{Allowed, Deployment, InstanceDefaults};

/// A variable that is missing or wrong.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} {problem}")]
pub struct SettingError {
    name: &'static str,
    problem: String,
}

/// Rust prints an error that `main` returns in its debug form, so that form is for people as well.
impl fmt::Debug for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The deployment:
///
/// | variable | |
/// |---|---|
/// | `EC2_OPS_DEPLOYMENT` | its name: letters, digits, `-` and `_` |
/// | `AWS_REGION` | its region; the Lambda service sets it |
/// | `EC2_OPS_ADDITIONAL_REGIONS` | optional: further regions, separated by commas |
/// | `EC2_OPS_LOG_BUCKET` | optional: the bucket for the complete output of commands |
/// | `EC2_OPS_LOG_GROUP` | optional: the log group for the complete output of commands |
/// | `EC2_OPS_FAIL_EXECUTION` | `true` or `false`, which is the default |
/// | `EC2_OPS_BACKOFF_S` | seconds before the second attempt, 0 to 300; the default is 15 |
/// | `EC2_OPS_TOPICS` | optional: the names of the topics that documents may name, separated by commas |
/// | `EC2_OPS_INSTANCE_DEFAULTS` | optional: JSON, [`InstanceDefaults`] by region |
/// | `EC2_OPS_ALLOWED` | optional: JSON, [`Allowed`] |
///
/// # Errors
/// Which variable is missing or wrong, and what would be right.
pub fn deployment() -> Result<Deployment, SettingError> {
    deployment_from(variable)
}

/// The region that the Lambda runs in: `AWS_REGION`.
///
/// # Errors
/// If it is not set.
pub fn region() -> Result<Region, SettingError> {
    region_from(variable)
}

/// The table of task tokens: `EC2_OPS_WAKE_TABLE`.
///
/// # Errors
/// If it is not set.
pub fn wake_table() -> Result<String, SettingError> {
    required(variable, "EC2_OPS_WAKE_TABLE", "the name of the table of task tokens")
}

/// The credentials of the Lambda's role, which last as long as its process.
pub(crate) fn credentials() -> Result<Credentials, SettingError> {
    let key = required(variable, "AWS_ACCESS_KEY_ID", "the access key of the Lambda's role")?;
    let secret = required(variable, "AWS_SECRET_ACCESS_KEY", "the secret key of the Lambda's role")?;
    Ok(Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "environment"))
}

/// A variable that is `true`, `false` or not set.
pub(crate) fn switch(name: &'static str) -> Result<bool, SettingError> {
    switch_from(variable, name)
}

/// An empty variable counts as not set: Terraform writes an optional variable that way.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.is_empty())
}

fn deployment_from(get: impl Fn(&str) -> Option<String>) -> Result<Deployment, SettingError> {
    let usual = Deployment::new(name(&get)?, region_from(&get)?);
    Ok(Deployment {
        additional_regions: list(&get, "EC2_OPS_ADDITIONAL_REGIONS").map(Region::new).collect(),
        log_bucket: get("EC2_OPS_LOG_BUCKET"),
        log_group: get("EC2_OPS_LOG_GROUP"),
        fail_execution: switch_from(&get, "EC2_OPS_FAIL_EXECUTION")?,
        backoff_s: backoff_s(&get)?.unwrap_or(usual.backoff_s),
        topics: list(&get, "EC2_OPS_TOPICS").collect(),
        instance_defaults: instance_defaults(&get)?,
        allowed: allowed(&get)?,
        ..usual
    })
}

/// The name is the value of a tag filter, in which `*` and `?` would match the instances of other deployments.
fn name(get: impl Fn(&str) -> Option<String>) -> Result<String, SettingError> {
    const NAME: &str = "EC2_OPS_DEPLOYMENT";
    let expected = "the deployment's name: letters, digits, - and _";
    let name = required(get, NAME, expected)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        Ok(name)
    } else {
        Err(SettingError { name: NAME, problem: format!("is {name:?}, expected {expected}") })
    }
}

fn region_from(get: impl Fn(&str) -> Option<String>) -> Result<Region, SettingError> {
    required(get, "AWS_REGION", "a region").map(Region::new)
}

fn list(get: impl Fn(&str) -> Option<String>, name: &str) -> impl Iterator<Item = String> {
    let entries: Vec<_> =
        get(name).iter().flat_map(|text| text.split(',')).map(|entry| entry.trim().to_owned()).collect();
    entries.into_iter().filter(|entry| !entry.is_empty())
}

fn switch_from(get: impl Fn(&str) -> Option<String>, name: &'static str) -> Result<bool, SettingError> {
    match get(name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            Err(SettingError { name, problem: format!("is {other:?}, expected \"true\" or \"false\"") })
        }
    }
}

fn backoff_s(get: impl Fn(&str) -> Option<String>) -> Result<Option<u32>, SettingError> {
    const NAME: &str = "EC2_OPS_BACKOFF_S";
    let Some(value) = get(NAME) else { return Ok(None) };
    value.parse().ok().filter(|seconds| *seconds <= 300).map(Some).ok_or_else(|| SettingError {
        name: NAME,
        problem: format!("is {value:?}, expected seconds, 0 to 300"),
    })
}

fn instance_defaults(
    get: impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<Region, InstanceDefaults>, SettingError> {
    const NAME: &str = "EC2_OPS_INSTANCE_DEFAULTS";
    let Some(value) = get(NAME) else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&value).map_err(|error| SettingError {
        name: NAME,
        problem: format!(
            "is {value:?}, expected {{\"REGION\": {{\"IamInstanceProfile\": …, \"SecurityGroupIds\": […], \
             \"SubnetIds\": […]}}}}: {error}"
        ),
    })
}

fn allowed(get: impl Fn(&str) -> Option<String>) -> Result<Allowed, SettingError> {
    const NAME: &str = "EC2_OPS_ALLOWED";
    let Some(value) = get(NAME) else { return Ok(Allowed::default()) };
    serde_json::from_str(&value).map_err(|error| SettingError {
        name: NAME,
        problem: format!(
            "is {value:?}, expected {{\"InstanceTypes\": […], \"SubnetIds\": […], \"SecurityGroupIds\": […], \
             \"SnapshotIds\": […]}}, each of which may be left out: {error}"
        ),
    })
}

fn required(
    get: impl Fn(&str) -> Option<String>,
    name: &'static str,
    expected: &str,
) -> Result<String, SettingError> {
    get(name).ok_or_else(|| SettingError { name, problem: format!("is not set, expected {expected}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Deployment, SettingError> {
        deployment_from(|name| {
            let usual = [("EC2_OPS_DEPLOYMENT", "forecasts"), ("AWS_REGION", "us-east-1")];
            let mut variables = changes.iter().chain(&usual);
            variables.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_deployment_needs_only_a_name_and_a_region() {
        assert_eq!(read(&[]), Ok(Deployment::new("forecasts", Region::new("us-east-1"))));
    }

    #[test]
    fn every_variable_is_read() {
        let deployment = read(&[
            ("EC2_OPS_LOG_BUCKET", "logs"),
            ("EC2_OPS_LOG_GROUP", "/ec2-ops"),
            ("EC2_OPS_ADDITIONAL_REGIONS", "us-east-2, eu-west-1"),
            ("EC2_OPS_FAIL_EXECUTION", "true"),
            ("EC2_OPS_BACKOFF_S", "60"),
            ("EC2_OPS_TOPICS", "ops,team"),
            ("EC2_OPS_INSTANCE_DEFAULTS", r#"{"us-east-1": {"SubnetIds": ["subnet-1"]}}"#),
            ("EC2_OPS_ALLOWED", r#"{"InstanceTypes": ["m8g.*"], "SnapshotIds": null}"#),
        ]);
        let deployment = deployment.unwrap();
        assert_eq!(deployment.log_bucket.as_deref(), Some("logs"));
        assert_eq!(deployment.additional_regions, ["us-east-2", "eu-west-1"].map(Region::new));
        assert_eq!(deployment.log_group.as_deref(), Some("/ec2-ops"));
        assert!(deployment.fail_execution);
        assert_eq!(deployment.backoff_s, 60);
        assert_eq!(deployment.topics, ["ops", "team"]);
        assert_eq!(deployment.instance_defaults[&deployment.region].subnet_ids, ["subnet-1"]);
        assert_eq!(deployment.allowed.instance_types, Some(vec!["m8g.*".to_owned()]));
        assert_eq!(deployment.allowed.snapshot_ids, None);
    }

    #[test]
    fn a_missing_or_wrong_variable_is_named_with_what_would_be_right() {
        assert_eq!(
            format!("{:?}", deployment_from(|_| None).unwrap_err()),
            "the environment variable EC2_OPS_DEPLOYMENT is not set, expected the deployment's name: letters, digits, \
             - and _"
        );
        assert_eq!(
            read(&[("EC2_OPS_FAIL_EXECUTION", "yes")]).unwrap_err().to_string(),
            "the environment variable EC2_OPS_FAIL_EXECUTION is \"yes\", expected \"true\" or \"false\""
        );
        assert!(read(&[("EC2_OPS_DEPLOYMENT", "fore*")]).is_err());
        for wrong in ["soon", "-1", "301"] {
            assert!(read(&[("EC2_OPS_BACKOFF_S", wrong)]).is_err());
        }
        assert!(read(&[("EC2_OPS_ALLOWED", r#"{"Subnets": []}"#)]).is_err());
        for wrong in ["{", "[]", r#"{"us-east-1": {"Subnets": []}}"#] {
            assert!(read(&[("EC2_OPS_INSTANCE_DEFAULTS", wrong)]).is_err());
        }
    }
}
