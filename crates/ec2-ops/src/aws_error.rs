//! A failed AWS call: the action, AWS's own error code, and what the code means.
//!
//! One table classifies AWS's codes, for the ports over the SDK and for those of the simulation.

use std::fmt;

/// An AWS call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The action, as AWS names it: `RunInstances`.
    pub action: &'static str,
    /// AWS's error code; `Timeout` and the like if no answer arrived.
    pub code: String,
    /// AWS's message.
    pub message: String,
    /// What the code means for the caller.
    pub kind: AwsErrorKind,
}

/// What an [`AwsError`] means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// The quota of calls is used up for the moment; the call had no effect.
    Throttled,
    /// The service, or the network to it, failed; the call may have had its effect.
    Unavailable,
    /// AWS has no capacity for the requested instance.
    Capacity,
    /// The named resource does not exist; it may be gone, or not visible yet.
    NotFound,
    /// AWS refused the call, and would refuse it again.
    Refused,
}

/// Throttling. See <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> and the
/// lists of the other services.
const THROTTLED: &[&str] = &[
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
    "RequestThrottledException",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "EC2ThrottledException",
];

/// No capacity, and Spot requests that AWS cannot serve at the moment. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-codes-table-server>.
const CAPACITY: &[&str] = &[
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacity",
    "InsufficientFreeAddressesInSubnet",
    "MaxSpotInstanceCountExceeded",
    "SpotMaxPriceTooLow",
    "UnfulfillableCapacity",
];

const UNAVAILABLE: &[&str] = &[
    "Unavailable",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "RequestTimeout",
    "RequestTimeoutException",
    "Timeout",
    "DispatchFailure",
    "ResponseError",
    // An answer that cannot be understood: the call may have had its effect.
    "UnexpectedAnswer",
];

const NOT_FOUND: &[&str] =
    &["NoSuchKey", "NotFound", "InvocationDoesNotExist", "TaskDoesNotExist", "ExecutionDoesNotExist"];

impl AwsError {
    /// Classifies an error by its code, and by the HTTP status if an answer arrived.
    pub fn new(
        action: &'static str,
        code: impl Into<String>,
        message: impl Into<String>,
        status: Option<u16>,
    ) -> Self {
        let code = code.into();
        let kind = kind_of(&code, status);
        Self { action, code, message: message.into(), kind }
    }
}

fn kind_of(code: &str, status: Option<u16>) -> AwsErrorKind {
    if THROTTLED.contains(&code) || status == Some(429) {
        AwsErrorKind::Throttled
    } else if CAPACITY.contains(&code) {
        AwsErrorKind::Capacity
    } else if NOT_FOUND.contains(&code) || code.ends_with(".NotFound") {
        AwsErrorKind::NotFound
    } else if UNAVAILABLE.contains(&code) || status.is_none_or(|status| status >= 500 && status != 501) {
        AwsErrorKind::Unavailable
    } else {
        AwsErrorKind::Refused
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.action, self.message, self.code)
    }
}

impl std::error::Error for AwsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_kind() {
        for (code, status, kind) in [
            ("RequestLimitExceeded", Some(503), AwsErrorKind::Throttled),
            ("SomethingNew", Some(429), AwsErrorKind::Throttled),
            ("InsufficientInstanceCapacity", Some(500), AwsErrorKind::Capacity),
            ("InvalidInstanceID.NotFound", Some(400), AwsErrorKind::NotFound),
            ("InvalidAMIID.NotFound", Some(400), AwsErrorKind::NotFound),
            ("SomethingNew", Some(500), AwsErrorKind::Unavailable),
            ("Timeout", None, AwsErrorKind::Unavailable),
            ("ConnectionReset", None, AwsErrorKind::Unavailable),
            ("UnauthorizedOperation", Some(403), AwsErrorKind::Refused),
            ("IdempotentParameterMismatch", Some(400), AwsErrorKind::Refused),
            ("UnsupportedOperation", Some(501), AwsErrorKind::Refused),
        ] {
            assert_eq!(AwsError::new("RunInstances", code, "", status).kind, kind, "{code} {status:?}");
        }
    }
}
