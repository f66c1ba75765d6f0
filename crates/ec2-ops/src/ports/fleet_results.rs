//! What the rows of a fleet came to, in S3.

use std::future::Future;
use std::ops::Range;

use crate::aws_error::AwsError;
use crate::ids::Region;

/// What the rows of a fleet came to, in S3: a `ResultWriter` writes only in the region of its state machine.
pub trait FleetResults: Send + Sync {
    /// `GetObject` with a range of bytes: less than `range` where the object ends in it.
    fn read(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Vec<u8>, AwsError>> + Send;

    /// `PutObject`: writes the summary, in place of an earlier one.
    fn write(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}
