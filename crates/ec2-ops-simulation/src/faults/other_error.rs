//! Errors that the repetition of a call meets in place of the first call's.

use std::fmt;

use ec2_ops::AwsError;

/// An error after which a caller could take the first call for failed, though only its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OtherError {
    /// A gateway between the caller and AWS answers with an HTML page of this HTTP status.
    GatewayPage(u16),
}

impl OtherError {
    /// Every error.
    pub(super) const ALL: [Self; 1] = [Self::GatewayPage(502)];

    /// The error as the adapters over the SDK read it.
    pub(super) fn answer(self, action: &'static str) -> AwsError {
        let (code, status) = match self {
            Self::GatewayPage(status) => (format!("Http{status}"), status),
        };
        AwsError::new(action, code, self.to_string(), Some(status))
    }
}

impl fmt::Display for OtherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GatewayPage(status) => write!(f, "a gateway's page with status {status}"),
        }
    }
}
