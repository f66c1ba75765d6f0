//! Where a bucket is. A request is answered in the region for which it is signed, as if it had gone to the endpoint there.
//!
//! The endpoint of us-east-1 is also the global one. It routes a request to the region of its bucket, which then finds that
//! the signature is for another region. Every other endpoint says where to go. See
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>.

use http::HeaderValue;
use s3s::{S3Request, S3Result, s3_error};

use super::SERVICE;
use crate::AwsError;
use crate::protocol::Response;
use crate::s3::S3;
use crate::service::Call;

/// The region whose endpoint is also the global one.
pub(super) const GLOBAL: &str = "us-east-1";

/// The header that names the region of a bucket.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// The region for which a request is signed. It is empty in signatures of version 2, which S3 takes in each region.
#[derive(Clone)]
pub(super) struct SignedFor(pub(super) String);

impl SignedFor {
    /// The region of `request`.
    pub(super) fn take<T>(request: &mut S3Request<T>) -> S3Result<Self> {
        request.extensions.remove().ok_or_else(|| s3_error!(InternalError, "the request has no region"))
    }

    /// Where a bucket with this location constraint is created. Only the global endpoint creates buckets elsewhere. See
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
    pub(super) fn location<'a>(&self, constraint: Option<&'a str>) -> S3Result<&'a str> {
        let Self(own) = self;
        let constraint = constraint.map(|text| if text == "EU" { "eu-west-1" } else { text });
        match constraint {
            Some(GLOBAL) => {
                Err(s3_error!(InvalidLocationConstraint, "The specified location-constraint is not valid"))
            }
            None if own == GLOBAL || own.is_empty() => Ok(GLOBAL),
            Some(constraint) if own == GLOBAL || own.is_empty() || own == constraint => Ok(constraint),
            other => Err(s3_error!(
                IllegalLocationConstraintException,
                "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
                other.unwrap_or("unspecified")
            )),
        }
    }
}

/// The refusal of a request that is signed for `region`, where its bucket is not.
pub(super) fn elsewhere(
    store: &S3,
    Call { region, action, request, request_id, .. }: &Call,
) -> Option<Response> {
    let bucket = request.uri().path().split('/').nth(1).filter(|bucket| !bucket.is_empty())?;
    let anywhere = action == "CreateBucket" || (action == "GetBucketLocation" && region == GLOBAL);
    if anywhere || region.is_empty() {
        return None;
    }
    // That a bucket does not exist is for the action to say.
    let own = store.head_bucket(bucket).ok()?.region;
    if own == *region {
        return None;
    }
    let error = if region == GLOBAL { malformed(region, &own) } else { redirect(bucket, &own) };
    let mut answer = SERVICE.protocol.refuse(request_id, &error);
    // HeadBucket names the region in any case: the answer to a HEAD request has no body. See
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
    if region != GLOBAL || action == "HeadBucket" {
        answer.headers_mut().insert(BUCKET_REGION, HeaderValue::from_str(&own).ok()?);
    }
    Some(answer)
}

fn redirect(bucket: &str, own: &str) -> AwsError {
    let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                   Please send all future requests to this endpoint.";
    AwsError::new(301, "PermanentRedirect", message)
        .with("Endpoint", format!("{bucket}.s3-{own}.amazonaws.com"))
        .with("Bucket", bucket)
}

fn malformed(region: &str, own: &str) -> AwsError {
    let message =
        format!("The authorization header is malformed; the region '{region}' is wrong; expecting '{own}'");
    AwsError::client("AuthorizationHeaderMalformed", message).with("Region", own)
}
