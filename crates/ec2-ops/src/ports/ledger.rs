//! The ledger in S3: written, and never read by a step.

use std::future::Future;

use crate::aws_error::AwsError;
use crate::ids::Region;

/// The ledger in S3: written, and never read by a step.
pub trait Ledger: Send + Sync {
    /// `PutObject`: writes `line` under `key`, in place of an earlier one.
    fn put_line(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        line: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}
