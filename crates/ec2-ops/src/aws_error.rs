//! How a refused AWS call reaches the core: the call, AWS's own code, and what may be done about it.
//!
//! One table reads AWS's codes for the SDK adapters and for the sandbox's in-process ports alike.

use std::fmt;

/// A call to AWS that did not give its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The action, as AWS names it: `RunInstances`.
    pub action: &'static str,
    /// AWS's error code, or the transport's word for it (`Timeout`).
    pub code: String,
    /// AWS's sentence for people.
    pub message: String,
    /// What the code means for whoever called.
    pub kind: AwsErrorKind,
}

/// What an [`AwsError`] means for whoever called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// A quota of calls is used up for the moment; nothing happened.
    Throttled,
    /// The service or the way to it failed; the call may or may not have had its effect.
    Unavailable,
    /// AWS has no capacity for the instance that was asked for.
    Capacity,
    /// What the call named does not exist (any more, or not yet visibly).
    NotFound,
    /// AWS understood the call and refused it; the same call will be refused again.
    Refused,
}

/// Throttling, by service: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> and the
/// services' own lists.
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

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-codes-table-server>, and
/// the Spot requests that AWS cannot serve at the moment.
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
    // An answer that makes no sense: the call may have had its effect.
    "UnexpectedAnswer",
];

const NOT_FOUND: &[&str] =
    &["NoSuchKey", "NotFound", "InvocationDoesNotExist", "TaskDoesNotExist", "ExecutionDoesNotExist"];

impl AwsError {
    /// Reads what AWS answered. `status` is the HTTP status where one arrived.
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
    fn each_code_is_read_for_what_it_means() {
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
