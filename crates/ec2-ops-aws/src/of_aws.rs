//! Answers of AWS, and not of a gateway on the way to it.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;

/// Headers with which AWS names a request: S3's, and that of the other services. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html> and
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html>.
const REQUEST_ID: [&str; 2] = ["x-amz-request-id", "x-amzn-requestid"];

/// A connector that takes an answer without AWS's marks for a lost one: a gateway's 404 is not "no such object", and its page
/// with status 200 is not a success.
#[derive(Debug)]
pub(crate) struct OfAws<C>(pub(crate) C);

impl<C: HttpConnector> HttpConnector for OfAws<C> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async {
            let answer = answer.await?;
            if is_of_aws(&answer) {
                Ok(answer)
            } else {
                Err(ConnectorError::other(foreign(&answer).into(), None))
            }
        })
    }
}

/// EC2 has not always sent a request id in a header; its answers are `text/xml`, which no other service uses.
fn is_of_aws(answer: &HttpResponse) -> bool {
    REQUEST_ID.iter().any(|name| answer.headers().contains_key(*name))
        || content_type(answer).is_some_and(|content_type| content_type.starts_with("text/xml"))
}

fn content_type(answer: &HttpResponse) -> Option<&str> {
    answer.headers().get("content-type")
}

fn foreign(answer: &HttpResponse) -> String {
    format!(
        "the answer is not from AWS: HTTP status {}, content type {}, no request id",
        answer.status().as_u16(),
        content_type(answer).unwrap_or("unknown"),
    )
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn answer(status: u16, header: Option<(&'static str, &'static str)>) -> HttpResponse {
        let mut answer = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        if let Some((name, value)) = header {
            answer.headers_mut().insert(name, value);
        }
        answer
    }

    #[test]
    fn an_answer_is_of_aws_if_it_has_a_request_id_or_ec2s_content_type() {
        for (header, of_aws) in [
            (Some(("x-amz-request-id", "1")), true),
            (Some(("x-amzn-requestid", "1")), true),
            (Some(("content-type", "text/xml;charset=UTF-8")), true),
            (Some(("content-type", "text/html")), false),
            (Some(("content-type", "application/xml")), false),
            (Some(("content-type", "application/json")), false),
            (None, false),
        ] {
            for status in [200, 404, 502] {
                assert_eq!(is_of_aws(&answer(status, header)), of_aws, "{header:?}");
            }
        }
    }
}
