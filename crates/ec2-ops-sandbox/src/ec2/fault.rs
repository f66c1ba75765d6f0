//! EC2's errors, in EC2's own words: code that matches on them works here and on AWS.
//!
//! The codes are listed at <https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html>.

use crate::AwsError;

/// `DryRun` was set and the request is valid.
pub(super) fn dry_run() -> AwsError {
    AwsError::new(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

/// A required parameter is missing.
pub(super) fn missing_parameter(name: &str) -> AwsError {
    AwsError::client("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// `parameter` does not take `value`; `expected` says what it takes.
pub(super) fn invalid_value(parameter: &str, value: impl std::fmt::Display, expected: &str) -> AwsError {
    invalid_parameter(format!("Value ({value}) for parameter {parameter} is invalid. {expected}"))
}

/// `InvalidParameterValue` with a message of its own.
pub(super) fn invalid_parameter(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidParameterValue", message)
}

/// Two parameters contradict each other.
pub(super) fn combination(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidParameterCombination", message)
}

/// `id` does not have the form of its kind; `code` names the kind.
pub(super) fn malformed(code: &str, id: &str) -> AwsError {
    AwsError::client(format!("{code}.Malformed"), format!("Invalid id: \"{id}\""))
}

/// The caller sees no instance with one of `ids`.
pub(super) fn instances_not_found(ids: &[&str]) -> AwsError {
    let message = match ids {
        [id] => format!("The instance ID '{id}' does not exist"),
        ids => format!("The instance IDs '{}' do not exist", ids.join(", ")),
    };
    AwsError::client("InvalidInstanceID.NotFound", message)
}

/// The caller sees no volume with this id.
pub(super) fn volume_not_found(id: &str) -> AwsError {
    AwsError::client("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."))
}

/// The instance's state does not allow the action, for example `stopped`.
pub(super) fn incorrect_state(id: &str, participle: &str) -> AwsError {
    // EC2 writes "This instance" for stop and "The instance" for start.
    let article = if participle == "stopped" { "This" } else { "The" };
    AwsError::client(
        "IncorrectInstanceState",
        format!("{article} instance '{id}' is not in a state from which it can be {participle}."),
    )
}

/// An attribute of the instance protects it from the action.
pub(super) fn protected(id: &str, participle: &str, attribute: &str) -> AwsError {
    AwsError::client(
        "OperationNotPermitted",
        format!(
            "The instance '{id}' may not be {participle}. Modify its '{attribute}' instance attribute and try again."
        ),
    )
}

/// A one-time Spot Instance cannot be stopped.
pub(super) fn spot_cannot_stop(id: &str) -> AwsError {
    AwsError::client(
        "UnsupportedOperation",
        format!(
            "You can't stop the Spot Instance '{id}' because it is associated with a one-time Spot Instance request. \
             You can only stop Spot Instances associated with persistent Spot Instance requests."
        ),
    )
}

/// The account's quota of vCPUs on demand is used up.
pub(super) fn vcpu_limit(limit: u32) -> AwsError {
    AwsError::client(
        "VcpuLimitExceeded",
        format!(
            "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket \
             that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to \
             request an adjustment to this limit."
        ),
    )
}

/// The account's quota of Spot Instances is used up.
pub(super) fn spot_limit() -> AwsError {
    AwsError::client("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
}

/// A client token was repeated with other parameters.
pub(super) fn token_mismatch() -> AwsError {
    AwsError::client(
        "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    )
}
