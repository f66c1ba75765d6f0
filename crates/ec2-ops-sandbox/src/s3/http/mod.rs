//! S3's REST protocol over the model.
//!
//! A request passes through [`envelope`], which takes off what belongs to the transport (the signature, the aws-chunked
//! coding) and verifies the body; then `s3s` parses it and calls [`api`], which answers from the store and refuses every
//! parameter that it does not model.

mod api;
mod aws_chunked;
mod envelope;
mod parameters;
mod region;
mod service;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use s3s::S3Error;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

pub(crate) use service::SERVICE;

use super::S3;
use crate::AwsError;
use crate::protocol::Response;
use crate::service::Call;

/// S3 as an HTTP service, with path-style addresses only.
#[derive(Clone)]
pub(crate) struct S3Http {
    store: Arc<S3>,
    service: S3Service,
}

impl S3Http {
    /// The HTTP face of `store`.
    pub(crate) fn new(store: Arc<S3>) -> Self {
        let mut builder = S3ServiceBuilder::new(api::Api { store: Arc::clone(&store) });
        // `s3s` asks for access only where it checks signatures, too; the envelope leaves none to check.
        builder.set_auth(SimpleAuth::new());
        builder.set_access(service::Modelled);
        Self { store, service: builder.build() }
    }

    /// The answer to one call.
    async fn call(&self, call: &Call) -> Result<Response, AwsError> {
        if let Some(elsewhere) = region::elsewhere(&self.store, call) {
            return Ok(elsewhere);
        }
        let mut request = call.request.clone();
        request.extensions_mut().insert(region::SignedFor(call.region.clone()));
        let what = format!("{} {}", request.method(), request.uri().path());
        let content_type = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if content_type.starts_with(b"multipart/form-data") {
            return Err(SERVICE.unmodelled("the upload by a form"));
        }
        let request = envelope::open(request).map_err(|error| aws_error(&error))?;
        let answer = self.service.call(request).await;
        let (mut parts, body) = answer.map_err(|error| failure(&format!("{error:?}")))?.into_parts();
        // `s3s` gives a part this status only in an answer to GET.
        if parts.status == StatusCode::OK && parts.headers.contains_key(CONTENT_RANGE) {
            parts.status = StatusCode::PARTIAL_CONTENT;
        }
        let body = body.collect().await.map_err(|error| failure(&error.to_string()))?.to_bytes();
        if parts.status == StatusCode::NOT_IMPLEMENTED && !names_the_sandbox(&body) {
            return Err(SERVICE.unmodelled(what));
        }
        Ok(Response::from_parts(parts, with_request_id(body, &call.request_id).into()))
    }
}

/// Whether a refusal is the model's own, and not that of `s3s` for a request that is no operation at all.
fn names_the_sandbox(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("ec2-ops sandbox")
}

/// `s3s` writes its errors without the id of the request.
fn with_request_id(body: Bytes, request_id: &str) -> Bytes {
    match body.strip_suffix(b"</Error>") {
        Some(error) => {
            let id = format!("<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>");
            [error, id.as_bytes()].concat().into()
        }
        None => body,
    }
}

/// An error of `s3s` as one of the account's.
fn aws_error(error: &S3Error) -> AwsError {
    let status = error.status_code().map_or(500, |status| status.as_u16());
    AwsError::new(status, error.code().as_str(), error.message().unwrap_or_default())
}

fn failure(fault: &str) -> AwsError {
    SERVICE.failure.error(fault)
}
