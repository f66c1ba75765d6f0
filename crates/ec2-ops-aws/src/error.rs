//! Turns the SDK's errors, and answers that cannot be understood, into the core's [`AwsError`].

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ec2_ops::AwsError;

/// Turns an error of `action` into an [`AwsError`], whatever the type of its operation.
pub(crate) fn aws_error<E>(action: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> AwsError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    move |error| {
        let transport = |code: &str| AwsError::new(action, code, chain(&error), None);
        match &error {
            SdkError::ServiceError(refusal) => {
                let status = refusal.raw().status().as_u16();
                if refusal.raw().status().is_success() {
                    return unexpected(action, chain(refusal.err()));
                }
                // The answer to a HEAD request has no body, and so no code and no message.
                let code = refusal.err().code().map_or_else(|| format!("Http{status}"), str::to_owned);
                let message = refusal
                    .err()
                    .message()
                    .map_or_else(|| format!("HTTP status {status}, no message"), str::to_owned);
                AwsError::new(action, code, message, Some(status))
            }
            SdkError::TimeoutError(_) => transport("Timeout"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => transport("Timeout"),
            SdkError::DispatchFailure(_) => transport("DispatchFailure"),
            SdkError::ResponseError(_) => transport("ResponseError"),
            // The request was not sent, most often because credentials are missing.
            _ => transport("ConstructionFailure"),
        }
    }
}

/// An answer that AWS's documentation does not describe.
pub(crate) fn unexpected(action: &'static str, what: impl Into<String>) -> AwsError {
    AwsError::new(action, "UnexpectedAnswer", what, Some(200))
}

/// `error` and its causes, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The SDK's time as a [`jiff::Timestamp`]; `None` if it is out of range.
#[cfg(any(feature = "ec2", feature = "s3", feature = "ssm"))]
pub(crate) fn timestamp(time: &aws_smithy_types::DateTime) -> Option<jiff::Timestamp> {
    let nanos = i32::try_from(time.subsec_nanos()).ok()?;
    jiff::Timestamp::new(time.secs(), nanos).ok()
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use ec2_ops::AwsErrorKind;

    use super::*;

    fn read(error: SdkError<ErrorMetadata, HttpResponse>) -> AwsError {
        aws_error("RunInstances")(error)
    }

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
    }

    fn refusal(code: &str, status: u16) -> AwsError {
        let metadata = ErrorMetadata::builder().code(code).message("the message of AWS").build();
        read(SdkError::service_error(metadata, response(status)))
    }

    #[test]
    fn a_refusal_keeps_the_code_and_the_message_of_aws() {
        let error = refusal("RequestLimitExceeded", 503);
        assert_eq!((error.action, error.code.as_str()), ("RunInstances", "RequestLimitExceeded"));
        assert_eq!(error.message, "the message of AWS");
        assert_eq!(error.kind, AwsErrorKind::Throttled);
        assert_eq!(refusal("UnknownCode", 400).kind, AwsErrorKind::Refused);
    }

    /// As for a page of a gateway that the SDK cannot parse: the call may have had its effect.
    #[test]
    fn a_success_that_cannot_be_parsed_is_no_refusal() {
        let error = read(SdkError::service_error(ErrorMetadata::builder().build(), response(200)));
        assert_eq!((error.code.as_str(), error.kind), ("UnexpectedAnswer", AwsErrorKind::Unavailable));
    }

    #[test]
    fn the_status_counts_if_there_is_no_code() {
        let error = read(SdkError::service_error(ErrorMetadata::builder().build(), response(500)));
        assert_eq!((error.code.as_str(), error.kind), ("Http500", AwsErrorKind::Unavailable));
    }

    #[test]
    fn a_lost_answer_means_that_the_call_may_have_had_its_effect() {
        let lost = || ConnectorError::io("connection reset by peer".into());
        for (error, code) in [
            (SdkError::timeout_error("20s elapsed"), "Timeout"),
            (SdkError::dispatch_failure(ConnectorError::timeout("3s elapsed".into())), "Timeout"),
            (SdkError::dispatch_failure(lost()), "DispatchFailure"),
            (SdkError::response_error("not XML", response(200)), "ResponseError"),
        ] {
            let error = read(error);
            assert_eq!((error.code.as_str(), error.kind), (code, AwsErrorKind::Unavailable));
        }
        let error = read(SdkError::dispatch_failure(lost()));
        assert!(error.message.contains("connection reset by peer"), "{error}");
    }
}
