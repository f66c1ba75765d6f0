//! S3 objects, read and never written.

use std::future::Future;

use jiff::Timestamp;

use crate::aws_error::AwsError;
use crate::ids::Region;
use crate::output_target::OutputTarget;

/// S3 objects, read and never written.
pub trait Objects: Send + Sync {
    /// `HeadBucket`: whether the bucket exists. A bucket that may not be read is an error.
    fn bucket_exists(
        &self,
        region: &Region,
        bucket: &str,
    ) -> impl Future<Output = Result<bool, AwsError>> + Send;

    /// `HeadObject`, or `ListObjectsV2` for a prefix: the newest object of `target`, or any that is not older than
    /// `enough`. `None` if there is no such object or no such bucket.
    ///
    /// A page of a listing has 1,000 objects; the listing ends at the first page with an object that is new enough.
    fn newest(
        &self,
        region: &Region,
        target: &OutputTarget,
        enough: Timestamp,
    ) -> impl Future<Output = Result<Option<Object>, AwsError>> + Send;
}

/// The complete output of commands, which SSM keeps in S3.
pub trait KeptOutput: Send + Sync {
    /// `GetObject` with a range: the end of an object, at most `bytes` of it.
    fn end(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        bytes: usize,
    ) -> impl Future<Output = Result<String, AwsError>> + Send;
}

/// An S3 object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// `LastModified`, in whole seconds.
    pub last_modified: Timestamp,
    /// Bytes, if S3 says.
    pub size: Option<u64>,
}
