//! How services and their clients speak: each of AWS's protocols, once for all services.
//!
//! A protocol says which action a request is, reads its input, and writes answers and errors, each with its request id.
//! See <https://smithy.io/2.0/aws/protocols/index.html>.

mod decode;
mod ec2_names;
mod json;
mod message;
mod query;
mod route;
#[cfg(test)]
mod tests;
mod tree;
mod xml;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use decode::ReadError;
pub(crate) use message::{Request, Response};
pub(crate) use query::{Dialect, QueryApi};
pub(crate) use route::Route;

use crate::AwsError;

/// The protocols of the modelled services.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    /// A form in, XML out: STS, and EC2 in a dialect of its own.
    Query(QueryApi),
    /// The action in `X-Amz-Target`, JSON both ways.
    AwsJson(JsonVersion),
    /// The action in method and path, JSON both ways.
    RestJson(&'static [Route]),
    /// The action in method, path and query, XML out: S3.
    RestXml(&'static [Route]),
}

/// The versions of awsJson, which differ in their content type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JsonVersion {
    V1_0,
    V1_1,
}

impl Protocol {
    /// The protocol in which the client of a service that is not modelled seems to speak.
    pub(crate) fn guess(headers: &HeaderMap) -> Self {
        let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if headers.contains_key(json::TARGET) {
            Self::AwsJson(JsonVersion::V1_1)
        } else if content_type.starts_with(b"application/x-www-form-urlencoded") {
            Self::Query(QueryApi { version: "", namespace: "", dialect: Dialect::Aws })
        } else if content_type.starts_with(b"application/json") {
            Self::RestJson(&[])
        } else {
            Self::RestXml(&[])
        }
    }

    /// The action that `request` is; empty if it is none that is modelled.
    pub(crate) fn action(self, request: &Request) -> String {
        match self {
            Self::Query(_) => query::action(request.body()),
            Self::AwsJson(_) => json::action(request.headers()),
            Self::RestJson(routes) | Self::RestXml(routes) => {
                Route::find(routes, request).map(|found| found.action.to_owned()).unwrap_or_default()
            }
        }
    }

    /// The input in `body`. What the type does not have is refused by its path.
    pub(crate) fn read<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, ReadError> {
        match self {
            Self::Query(api) => query::read(api, body),
            _ => json::read(body),
        }
    }

    /// The answer of `action`.
    pub(crate) fn answer(self, action: &str, request_id: &str, output: &Value) -> Response {
        match self {
            Self::Query(api) => self.response(StatusCode::OK, xml::response(api, action, request_id, output)),
            _ => self.response(StatusCode::OK, output.to_string()),
        }
    }

    /// `error` as a service sends it.
    pub(crate) fn refuse(self, request_id: &str, error: &AwsError) -> Response {
        let body = match self {
            Self::Query(api) => xml::error(api, error, request_id),
            Self::RestXml(_) => xml::rest_error(error, request_id),
            Self::AwsJson(_) | Self::RestJson(_) => json::error(error),
        };
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = self.response(status, body);
        if let Ok(code) = HeaderValue::from_str(&error.code) {
            // Where clients of JSON look for the code.
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        response
    }

    /// Writes the request id where clients of this protocol look for it.
    pub(crate) fn stamp(self, request_id: &str, response: &mut Response) {
        let names: &[&str] = match self {
            Self::RestXml(_) => &["x-amz-request-id", "x-amz-id-2"],
            _ => &["x-amzn-requestid"],
        };
        for name in names {
            if let Ok(value) = HeaderValue::from_str(request_id) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// The largest body of a request, in bytes.
    pub(crate) fn max_body(self) -> usize {
        match self {
            // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
            Self::RestXml(_) => 5 * 1024 * 1024 * 1024,
            // Lambda's limit, the largest of the others.
            _ => 6 * 1024 * 1024,
        }
    }

    fn response(self, status: StatusCode, body: String) -> Response {
        let mut response = Response::new(body.into_bytes().into());
        *response.status_mut() = status;
        let content_type = match self {
            Self::Query(_) => "text/xml;charset=UTF-8",
            Self::RestXml(_) => "application/xml",
            Self::RestJson(_) => "application/json",
            Self::AwsJson(JsonVersion::V1_0) => "application/x-amz-json-1.0",
            Self::AwsJson(JsonVersion::V1_1) => "application/x-amz-json-1.1",
        };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}
