//! Helpers of this module's tests.

use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;

use super::S3;
use crate::{AwsError, Clock, Platform};

/// An S3 without buckets, at a fixed moment.
pub(super) fn account() -> S3 {
    let clock = Clock::starting_at(Timestamp::from_second(1_750_000_000).unwrap());
    S3::new(Arc::new(Platform::new(clock, 1)))
}

/// The code of the error that `result` must be.
pub(super) fn code<T: Debug>(result: Result<T, AwsError>) -> String {
    result.unwrap_err().code
}
