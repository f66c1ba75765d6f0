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
    /// Not here: EC2 has no room for this launch. Another type, subnet or market may do.
    Capacity,
    /// The account's quota of Spot instances is used up: on demand may do, or the same launch later.
    SpotQuota,
    /// Not now: the same launch may work later.
    NotNow {
        /// How long it is worth a wait, in seconds.
        within_s: u32,
    },
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
    "ConcurrentTagAccess",
];

/// No room for the launch. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
const CAPACITY: &[&str] = &[
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacity",
    "InsufficientCapacityOnOutpost",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientVolumeCapacity",
    "InsufficientAddressCapacity",
    "InvalidSubnet.Full",
    "ReservationCapacityExceeded",
    "SpotMaxPriceTooLow",
    "UnfulfillableCapacity",
];

/// A day, in seconds: quotas are used up until other instances end.
pub(crate) const A_DAY_S: u32 = 86_400;

/// Not now, and for how many seconds it is worth a wait. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
const NOT_NOW: &[(&str, u32)] = &[
    ("VcpuLimitExceeded", A_DAY_S),
    ("InstanceLimitExceeded", A_DAY_S),
    ("VolumeLimitExceeded", A_DAY_S),
    ("MaxIOPSLimitExceeded", A_DAY_S),
    ("NetworkInterfaceLimitExceeded", A_DAY_S),
    // "Please allow up to 4 hours for this process to complete", says the message.
    ("PendingVerification", 4 * 3_600),
    ("InvalidAMIID.Unavailable", 3_600),
];

/// How long it takes until EC2 knows of a new role or instance profile, in seconds. IAM is eventually consistent:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>.
const NEW_PROFILE_S: u32 = 120;

/// The kind of a code that EC2 uses for several things. Its sentence decides.
fn kind_of_shared(code: &str, message: &str) -> Option<AwsErrorKind> {
    let message = message.to_ascii_lowercase();
    match code {
        "Unsupported" if message.contains("not supported") && message.contains("availability zone") => {
            Some(AwsErrorKind::Capacity)
        }
        "InvalidParameterValue" if message.contains("invalid iam instance profile") => {
            Some(AwsErrorKind::NotNow { within_s: NEW_PROFILE_S })
        }
        _ => None,
    }
}

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
    /// Classifies an error by its code, by its message where the code is shared, and by the HTTP status if an answer arrived.
    pub fn new(
        action: &'static str,
        code: impl Into<String>,
        message: impl Into<String>,
        status: Option<u16>,
    ) -> Self {
        let (code, message) = (code.into(), message.into());
        let kind = kind_of_shared(&code, &message).unwrap_or_else(|| kind_of(&code, &message, status));
        Self { action, code, message, kind }
    }
}

fn kind_of(code: &str, message: &str, status: Option<u16>) -> AwsErrorKind {
    if THROTTLED.contains(&code) || status == Some(429) {
        AwsErrorKind::Throttled
    } else if CAPACITY.contains(&code) {
        AwsErrorKind::Capacity
    } else if code == "MaxSpotInstanceCountExceeded" {
        AwsErrorKind::SpotQuota
    } else if let Some((_, within_s)) = NOT_NOW.iter().find(|(known, _)| *known == code) {
        AwsErrorKind::NotNow { within_s: *within_s }
    } else if NOT_FOUND.contains(&code) || code.ends_with(".NotFound") {
        AwsErrorKind::NotFound
    } else if OUT_OF_DATE.contains(&code)
        || (code == NOT_VALIDATED.0 && message.starts_with(NOT_VALIDATED.1))
        || UNAVAILABLE.contains(&code)
        || status.is_none_or(|status| status >= 500 && status != 501)
    {
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

    const HERE: AwsErrorKind = AwsErrorKind::Capacity;
    const A_DAY: AwsErrorKind = AwsErrorKind::NotNow { within_s: 86_400 };

    fn kind(code: &str, message: &str, status: Option<u16>) -> AwsErrorKind {
        AwsError::new("RunInstances", code, message, status).kind
    }

    #[test]
    fn each_code_has_its_kind() {
        for (code, status, expected) in [
            ("RequestLimitExceeded", Some(503), AwsErrorKind::Throttled),
            ("SomethingNew", Some(429), AwsErrorKind::Throttled),
            ("InsufficientInstanceCapacity", Some(500), AwsErrorKind::Capacity),
            ("InvalidInstanceID.NotFound", Some(400), AwsErrorKind::NotFound),
            ("SomethingNew", Some(500), AwsErrorKind::Unavailable),
            ("Timeout", None, AwsErrorKind::Unavailable),
            ("ConnectionReset", None, AwsErrorKind::Unavailable),
            ("ExpiredToken", Some(400), AwsErrorKind::Unavailable),
            ("ExpiredTokenException", Some(400), AwsErrorKind::Unavailable),
            ("RequestExpired", Some(400), AwsErrorKind::Unavailable),
            ("RequestTimeTooSkewed", Some(403), AwsErrorKind::Unavailable),
            ("InvalidSignatureException", Some(403), AwsErrorKind::Unavailable),
            ("AuthFailure", Some(401), AwsErrorKind::Refused),
            ("UnsupportedOperation", Some(501), AwsErrorKind::Refused),
        ] {
            assert_eq!(kind(code, "", status), expected, "{code} {status:?}");
        }
    }

    /// Every answer of EC2 to a launch that we know of, in EC2's words where its code is shared.
    #[test]
    fn each_answer_to_a_launch_means_here_now_or_never() {
        let never = AwsErrorKind::Refused;
        let zone = "Your requested instance type (t4g.nano) is not supported in your requested Availability Zone \
                    (us-east-1e). Please retry your request by not specifying an Availability Zone.";
        let option = "The requested configuration is currently not supported.";
        let profile =
            "Value (new) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name";
        let arn =
            "Value (arn:x) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN";
        for (code, message, expected) in [
            ("InsufficientInstanceCapacity", "", HERE),
            ("InsufficientHostCapacity", "", HERE),
            ("InsufficientReservedInstanceCapacity", "", HERE),
            ("UnfulfillableCapacity", "", HERE),
            ("ReservationCapacityExceeded", "", HERE),
            ("InsufficientCapacityOnOutpost", "", HERE),
            ("Unsupported", zone, HERE),
            ("Unsupported", option, never),
            ("InsufficientFreeAddressesInSubnet", "", HERE),
            ("InvalidSubnet.Full", "", HERE),
            ("InsufficientVolumeCapacity", "", HERE),
            ("InsufficientAddressCapacity", "", HERE),
            ("SpotMaxPriceTooLow", "", HERE),
            ("MaxSpotInstanceCountExceeded", "", AwsErrorKind::SpotQuota),
            ("VcpuLimitExceeded", "", A_DAY),
            ("InstanceLimitExceeded", "", A_DAY),
            ("VolumeLimitExceeded", "", A_DAY),
            ("PendingVerification", "", AwsErrorKind::NotNow { within_s: 14_400 }),
            ("InvalidParameterValue", profile, AwsErrorKind::NotNow { within_s: 120 }),
            ("InvalidParameterValue", arn, AwsErrorKind::NotNow { within_s: 120 }),
            ("InvalidParameterValue", "Invalid value for parameter", never),
            ("InvalidAMIID.Unavailable", "", AwsErrorKind::NotNow { within_s: 3_600 }),
            ("InvalidAMIID.NotFound", "", AwsErrorKind::NotFound),
            ("InvalidAMIID.Malformed", "", never),
            ("RequestLimitExceeded", "", AwsErrorKind::Throttled),
            ("ConcurrentTagAccess", "", AwsErrorKind::Throttled),
            ("InternalError", "", AwsErrorKind::Unavailable),
            ("Unavailable", "", AwsErrorKind::Unavailable),
            ("ServiceUnavailable", "", AwsErrorKind::Unavailable),
            ("IdempotentParameterMismatch", "", never),
            ("IdempotentInstanceTerminated", "", never),
            ("UnauthorizedOperation", "", never),
            ("OptInRequired", "", never),
            ("Blocked", "", never),
        ] {
            assert_eq!(kind(code, message, Some(400)), expected, "{code} {message}");
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
