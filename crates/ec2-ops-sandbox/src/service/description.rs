//! What is known of a service without an account.

use std::fmt;

use crate::AwsError;
use crate::protocol::Protocol;

/// What is known of a service wherever it is spoken of: on the wire, in faults by plan, in quotas, in policies.
#[derive(Debug)]
pub(crate) struct Description {
    /// As people and messages call it: `Step Functions`.
    pub(crate) name: &'static str,
    /// As credential scopes and IAM's actions call it: `states`.
    pub(crate) signing_name: &'static str,
    pub(crate) protocol: Protocol,
    /// Its error where it fails itself.
    pub(crate) failure: Words,
    /// Its error for a caller that is too fast.
    pub(crate) throttling: Words,
    /// Its error for a caller who lacks the right.
    pub(crate) denial: Words,
    /// The actions that are modelled, by AWS's names.
    pub(crate) actions: &'static [&'static str],
}

/// The code of an error, and the HTTP status that carries it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words(pub(crate) u16, pub(crate) &'static str);

impl Words {
    /// The error under this code.
    pub(crate) fn error(self, message: impl Into<String>) -> AwsError {
        AwsError::new(self.0, self.1, message)
    }
}

impl Description {
    /// The refusal of something that AWS may have and the model does not.
    pub(crate) fn unmodelled(&self, what: impl fmt::Display) -> AwsError {
        AwsError::unmodelled(format!("{what} of {}", self.name))
    }
}
