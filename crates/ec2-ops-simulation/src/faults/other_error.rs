//! Errors that the repetition of a call meets in place of the first call's.

use std::fmt;

use ec2_ops::AwsError;

/// An error after which a caller could take the first call for failed, though only its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OtherError {
    /// A gateway between the caller and AWS answers with an HTML page.
    GatewayPage,
    /// The credentials have expired.
    ExpiredToken,
    /// The caller's clock differs from AWS's.
    SkewedClock,
    /// A permission is missing.
    AccessDenied,
    /// AWS has an unknown error.
    Unheard,
    /// The bucket of the output does not exist any more.
    BucketGone,
}

impl OtherError {
    /// Every error that any call can meet.
    pub(super) const ALL: [Self; 5] =
        [Self::GatewayPage, Self::ExpiredToken, Self::SkewedClock, Self::AccessDenied, Self::Unheard];

    /// The error as the adapters over the SDK read it.
    pub(super) fn answer(self, action: &'static str) -> AwsError {
        let (code, status) = match self {
            // An answer that is not from AWS counts as lost.
            Self::GatewayPage => ("DispatchFailure", None),
            Self::ExpiredToken => ("ExpiredTokenException", Some(400)),
            Self::SkewedClock => ("RequestTimeTooSkewed", Some(403)),
            Self::AccessDenied => ("AccessDeniedException", Some(400)),
            Self::Unheard => ("UnheardOf", Some(400)),
            Self::BucketGone => ("NotFound", Some(404)),
        };
        AwsError::new(action, code, self.to_string(), status)
    }
}

impl fmt::Display for OtherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GatewayPage => "a gateway's page",
            Self::ExpiredToken => "the security token has expired",
            Self::SkewedClock => "the difference between the request time and the current time is too large",
            Self::AccessDenied => "not authorized",
            Self::Unheard => "an error without a known code",
            Self::BucketGone => "there is no such bucket",
        })
    }
}
