//! S3 as a service of the account.

use async_trait::async_trait;
use s3s::S3Result;
use s3s::access::{S3Access, S3AccessContext};

use super::S3Http;
use crate::AwsError;
use crate::protocol::Response;
use crate::protocol::{Protocol, Route};
use crate::service::{Call, Description, Service, Words};

/// Its errors: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
pub(crate) const SERVICE: Description = Description {
    name: "S3",
    signing_name: "s3",
    protocol: Protocol::RestXml(&ROUTES),
    failure: Words(500, "InternalError"),
    throttling: Words(503, "SlowDown"),
    denial: Words(403, "AccessDenied"),
    actions: &actions(),
};

/// The modelled operations. `s3s` finds them by itself, and a test holds the two together.
const ROUTES: [Route; 18] = [
    route("ListBuckets", "GET", "/", ""),
    route("CreateBucket", "PUT", "/{Bucket}", ""),
    route("DeleteBucket", "DELETE", "/{Bucket}", ""),
    route("DeleteObjects", "POST", "/{Bucket}", "delete"),
    route("GetBucketLocation", "GET", "/{Bucket}", "location"),
    route("HeadBucket", "HEAD", "/{Bucket}", ""),
    route("ListObjectsV2", "GET", "/{Bucket}", "list-type"),
    route("ListObjects", "GET", "/{Bucket}", ""),
    route("AbortMultipartUpload", "DELETE", "/{Bucket}/{Key+}", "uploadId"),
    route("CompleteMultipartUpload", "POST", "/{Bucket}/{Key+}", "uploadId"),
    route("CreateMultipartUpload", "POST", "/{Bucket}/{Key+}", "uploads"),
    route("UploadPart", "PUT", "/{Bucket}/{Key+}", "uploadId"),
    route("CopyObject", "PUT", "/{Bucket}/{Key+}", "x-amz-copy-source"),
    route("DeleteObject", "DELETE", "/{Bucket}/{Key+}", ""),
    route("ListParts", "GET", "/{Bucket}/{Key+}", "uploadId"),
    route("GetObject", "GET", "/{Bucket}/{Key+}", ""),
    route("HeadObject", "HEAD", "/{Bucket}/{Key+}", ""),
    route("PutObject", "PUT", "/{Bucket}/{Key+}", ""),
];

const fn route(
    action: &'static str,
    method: &'static str,
    path: &'static str,
    marker: &'static str,
) -> Route {
    Route { action, method, path, marker }
}

const fn actions() -> [&'static str; ROUTES.len()] {
    let mut names = [""; ROUTES.len()];
    let mut at = 0;
    while at < ROUTES.len() {
        names[at] = ROUTES[at].action;
        at += 1;
    }
    names
}

#[async_trait]
impl Service for S3Http {
    async fn answer(&self, call: &Call) -> Result<Response, AwsError> {
        self.call(call).await
    }
}

/// Refuses by name the operations that `s3s` knows and the model does not.
pub(super) struct Modelled;

#[async_trait]
impl S3Access for Modelled {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let operation = context.s3_op().name();
        if SERVICE.actions.contains(&operation) {
            Ok(())
        } else {
            Err(SERVICE.unmodelled(format!("the action {operation}")).into())
        }
    }
}
