//! S3's REST protocol over the model.
//!
//! A request passes through [`envelope`], which takes off what belongs to the transport (the signature, the aws-chunked
//! coding) and verifies the body; then `s3s` parses it and calls [`api`], which answers from the store and refuses every
//! parameter that it does not model.

mod api;
mod aws_chunked;
mod envelope;
mod parameters;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Error};

use super::S3;
use crate::AwsError;

/// S3 as an HTTP service, to be mounted where no other service of the account answers.
///
/// Path-style addresses only. Signatures are not checked: any credentials do, and none.
#[derive(Clone)]
pub struct S3Http {
    service: S3Service,
}

impl S3Http {
    /// The HTTP face of `store`.
    pub fn new(store: Arc<S3>) -> Self {
        Self { service: S3ServiceBuilder::new(api::Api { store }).build() }
    }

    /// Answers one request. Faults are answers too, in S3's XML.
    pub async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Display,
    {
        let request = match envelope::open(request).await {
            Ok(request) => request,
            Err(error) => return respond(error),
        };
        match self.service.call(request).await {
            Ok(response) => response,
            Err(error) => internal(&format!("{error:?}")),
        }
    }
}

impl S3Http {
    /// `error` as S3 sends it in answer to `action`. The answer to a HEAD request has no body.
    pub(crate) fn refuse(action: &str, error: AwsError) -> Response<Body> {
        let mut response = respond(error.into());
        if action.starts_with("Head") {
            *response.body_mut() = Body::empty();
        }
        response
    }
}

fn respond(error: S3Error) -> Response<Body> {
    error.to_http_response().unwrap_or_else(|error| internal(&error.to_string()))
}

fn internal(fault: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(fault.to_owned()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
