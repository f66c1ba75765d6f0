//! Why something could not be answered.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};

/// Why something could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller has to say something else. The message says what.
    #[error("{0}")]
    Usage(String),
    /// The service answered with an error.
    #[error("{action}: {code}: {message}")]
    Refused {
        /// The API action, `StartExecution`.
        action: &'static str,
        /// AWS's code of the error, `AccessDeniedException`.
        code: String,
        /// The service's own sentence.
        message: String,
    },
    /// The service gave no answer: there is no connection, no credentials, no answer in time.
    #[error("{action}: no answer: {reason}")]
    NoAnswer {
        /// The API action.
        action: &'static str,
        /// The innermost reason.
        reason: String,
    },
    /// A program or a file of this machine failed.
    #[error("{0}")]
    Local(String),
}

impl Error {
    /// AWS's code, if the service answered with an error.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether Step Functions has no execution of that ARN, or has forgotten it.
    pub fn is_no_execution(&self) -> bool {
        self.code() == Some("ExecutionDoesNotExist")
    }

    /// Reads what the SDK says of a failed call of `action`.
    pub(crate) fn of_call<E, R>(action: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug + 'static,
    {
        match error {
            SdkError::ServiceError(service) => Self::Refused {
                action,
                code: service.err().code().unwrap_or("an error without a code").to_owned(),
                message: service.err().message().unwrap_or("no message").to_owned(),
            },
            other => Self::NoAnswer { action, reason: reason(other) },
        }
    }
}

const MISSING: &str = "there are no AWS credentials: --profile or AWS_PROFILE names a profile that has some";

/// What is to be said about a call that was not made or not answered: without credentials that, whatever the last place was
/// in which they were looked for; else the last of the chain of sources, since the outer ones only say that something failed.
fn reason(error: &(dyn StdError + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let (mut last, mut missing) = (String::new(), false);
    for error in chain {
        if let Some(error) = error.downcast_ref::<CredentialsError>() {
            missing = match error {
                CredentialsError::CredentialsNotLoaded(_) => return MISSING.to_owned(),
                // The last place that was asked, as the metadata of an instance, did not give any.
                _ => true,
            };
        }
        last = error.to_string();
    }
    if missing { format!("{MISSING} ({last})") } else { last }
}
