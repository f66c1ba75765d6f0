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
    /// The service, the network to it, or the caller's credentials or clock failed for the moment; the call may have had its
    /// effect.
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

/// Credentials that have expired, and clocks that differ: a new request has new credentials and another time. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> and
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html>. The AWS SDK for JavaScript counts the
/// same codes as clock skew: <https://github.com/smithy-lang/smithy-typescript>, `CLOCK_SKEW_ERROR_CODES`.
const OUT_OF_DATE: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "TokenRefreshRequired",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

/// EC2 has one code for credentials that it could not validate, which passes, and for a resource of another account, such as a
/// private image, which does not. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#CommonErrors>.
const NOT_VALIDATED: (&str, &str) =
    ("AuthFailure", "AWS was not able to validate the provided access credentials");

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
        let (code, message) = (code.into(), message.into());
        let kind = kind_of(&code, &message, status);
        Self { action, code, message, kind }
    }
}

fn kind_of(code: &str, message: &str, status: Option<u16>) -> AwsErrorKind {
    if THROTTLED.contains(&code) || status == Some(429) {
        AwsErrorKind::Throttled
    } else if CAPACITY.contains(&code) {
        AwsErrorKind::Capacity
    } else if NOT_FOUND.contains(&code) || code.ends_with(".NotFound") {
        AwsErrorKind::NotFound
    } else if OUT_OF_DATE.contains(&code) || (code == NOT_VALIDATED.0 && message.starts_with(NOT_VALIDATED.1))
    {
        AwsErrorKind::Unavailable
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
            ("ExpiredToken", Some(400), AwsErrorKind::Unavailable),
            ("ExpiredTokenException", Some(400), AwsErrorKind::Unavailable),
            ("RequestExpired", Some(400), AwsErrorKind::Unavailable),
            ("RequestTimeTooSkewed", Some(403), AwsErrorKind::Unavailable),
            ("InvalidSignatureException", Some(403), AwsErrorKind::Unavailable),
            ("AuthFailure", Some(401), AwsErrorKind::Refused),
            ("UnauthorizedOperation", Some(403), AwsErrorKind::Refused),
            ("IdempotentParameterMismatch", Some(400), AwsErrorKind::Refused),
            ("UnsupportedOperation", Some(501), AwsErrorKind::Refused),
        ] {
            assert_eq!(AwsError::new("RunInstances", code, "", status).kind, kind, "{code} {status:?}");
        }
    }

    #[test]
    fn credentials_that_ec2_could_not_validate_are_tried_again_and_a_foreign_image_is_refused() {
        let kind = |message| AwsError::new("RunInstances", "AuthFailure", message, Some(401)).kind;
        assert_eq!(
            kind("AWS was not able to validate the provided access credentials"),
            AwsErrorKind::Unavailable
        );
        assert_eq!(kind("Not authorized for images: [ami-1]"), AwsErrorKind::Refused);
    }
}
