//! How each service says that it failed, or that it was asked too often.

use crate::AwsError;

/// What a service answers of itself: its code, and the HTTP status that carries it.
struct Words {
    error: (&'static str, u16),
    throttled: (&'static str, u16),
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const S3: Words = Words { error: ("InternalError", 500), throttled: ("SlowDown", 503) };
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
const EC2: Words = Words { error: ("InternalError", 500), throttled: ("RequestLimitExceeded", 503) };
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const DYNAMODB: Words =
    Words { error: ("InternalServerError", 500), throttled: ("ThrottlingException", 400) };
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html>
const SSM: Words = Words { error: ("InternalServerError", 500), throttled: ("ThrottlingException", 400) };
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>
const STATES: Words = Words { error: ("InternalFailure", 500), throttled: ("ThrottlingException", 400) };

fn words(action: &str) -> Words {
    match action {
        "HeadBucket" | "HeadObject" | "ListObjectsV2" => S3,
        "PutItem" | "GetItem" | "DeleteItem" => DYNAMODB,
        "SendCommand" | "ListCommands" | "GetCommandInvocation" | "DescribeInstanceInformation" => SSM,
        "SendTaskSuccess" | "SendTaskFailure" | "DescribeExecution" => STATES,
        _ => EC2,
    }
}

pub(super) fn error(action: &str) -> AwsError {
    said(words(action).error)
}

pub(super) fn throttled(action: &str) -> AwsError {
    said(words(action).throttled)
}

fn said((code, status): (&str, u16)) -> AwsError {
    AwsError { code: code.to_owned(), message: "by the plan of faults".to_owned(), status }
}
