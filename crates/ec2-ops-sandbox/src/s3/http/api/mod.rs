//! The operations of S3 that the model answers; every other one stays `s3s`'s `NotImplemented`.

mod buckets;
mod objects;
mod uploads;

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
#[allow(clippy::wildcard_imports, reason = "the inputs and outputs of every operation below")]
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::error::AwsError;
use crate::s3::{Checksum, S3};

/// The operations, over one account's store.
pub(super) struct Api {
    pub(super) store: Arc<S3>,
}

type Answer<T> = S3Result<S3Response<T>>;

macro_rules! operations {
    ($($name:ident: $input:ty => $output:ty, $module:ident;)+) => {
        #[async_trait]
        impl s3s::S3 for Api {
            $(async fn $name(&self, request: S3Request<$input>) -> Answer<$output> {
                $module::$name(&self.store, request)
            })+
        }
    };
}

operations! {
    create_bucket: CreateBucketInput => CreateBucketOutput, buckets;
    head_bucket: HeadBucketInput => HeadBucketOutput, buckets;
    list_buckets: ListBucketsInput => ListBucketsOutput, buckets;
    delete_bucket: DeleteBucketInput => DeleteBucketOutput, buckets;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput, buckets;
    list_objects: ListObjectsInput => ListObjectsOutput, buckets;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output, buckets;
    put_object: PutObjectInput => PutObjectOutput, objects;
    get_object: GetObjectInput => GetObjectOutput, objects;
    head_object: HeadObjectInput => HeadObjectOutput, objects;
    copy_object: CopyObjectInput => CopyObjectOutput, objects;
    delete_object: DeleteObjectInput => DeleteObjectOutput, objects;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput, objects;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput, uploads;
    upload_part: UploadPartInput => UploadPartOutput, uploads;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput, uploads;
    list_parts: ListPartsInput => ListPartsOutput, uploads;
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput, uploads;
}

impl From<AwsError> for S3Error {
    fn from(error: AwsError) -> Self {
        let code = S3ErrorCode::from_bytes(error.code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
        let mut answer = S3Error::with_message(code, error.message);
        if let Ok(status) = StatusCode::from_u16(error.status) {
            answer.set_status_code(status);
        }
        answer
    }
}

fn timestamp(moment: Timestamp) -> s3s::dto::Timestamp {
    std::time::SystemTime::from(moment).into()
}

/// The response headers for a checksum.
fn checksum_headers(checksum: Option<&Checksum>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(checksum) = checksum
        && let Ok(value) = HeaderValue::try_from(&checksum.value)
    {
        headers.insert(checksum.algorithm.header(), value);
        headers.insert("x-amz-checksum-type", HeaderValue::from_static(checksum.kind.name()));
    }
    headers
}

/// A length, as S3's integers have it.
fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
