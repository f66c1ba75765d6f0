//! SSM agents: whether an instance can take commands.

use std::future::Future;

use crate::aws_error::AwsError;
use crate::ids::{InstanceId, Region};

/// SSM agents: whether an instance can take commands.
pub trait Agents: Send + Sync {
    /// `DescribeInstanceInformation`: whether the agent of `id` is registered and online.
    fn online(&self, region: &Region, id: &InstanceId)
    -> impl Future<Output = Result<bool, AwsError>> + Send;
}
