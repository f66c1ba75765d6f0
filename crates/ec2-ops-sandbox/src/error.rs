//! The error that every modelled API answers with.

use std::fmt;

/// An error as AWS words it: the code that clients match on, and the message that people read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// AWS's own error code, for example `InvalidInstanceID.NotFound`.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// The HTTP status that carries it.
    pub status: u16,
}

impl AwsError {
    /// An error under an HTTP status of its own.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status }
    }

    /// A fault of the caller (HTTP 400).
    pub fn client(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// A fault of the service (HTTP 500).
    pub fn server(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(500, code, message)
    }

    /// The refusal of something that AWS has and this model does not have.
    pub fn unmodelled(what: impl fmt::Display) -> Self {
        Self {
            code: "NotImplemented".to_owned(),
            message: format!("the ec2-ops sandbox does not model {what}"),
            status: 501,
        }
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for AwsError {}
