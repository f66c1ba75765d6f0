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
    /// What S3 says beside it, by element: `Region`, for example.
    pub details: Vec<(&'static str, String)>,
}

impl AwsError {
    /// An error under an HTTP status of its own.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status, details: Vec::new() }
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
        Self::new(501, "NotImplemented", format!("the ec2-ops sandbox does not model {what}"))
    }

    /// The same with one more detail.
    pub(crate) fn with(mut self, element: &'static str, value: impl Into<String>) -> Self {
        self.details.push((element, value.into()));
        self
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for AwsError {}
