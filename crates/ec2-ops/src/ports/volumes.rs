//! EBS volumes: find those of a launch, and delete them.

use std::future::Future;

use crate::aws_error::AwsError;
use crate::ids::{InstanceId, Region, VolumeId};
use crate::tags::Tags;

/// EBS volumes: find those of a launch, and delete them.
pub trait Volumes: Send + Sync {
    /// `DescribeVolumes` by tags, every page.
    fn find(
        &self,
        region: &Region,
        tags: &Tags,
    ) -> impl Future<Output = Result<Vec<Volume>, AwsError>> + Send;

    /// `DetachVolume`.
    fn detach(&self, region: &Region, id: &VolumeId) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `DeleteVolume`.
    fn delete(&self, region: &Region, id: &VolumeId) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// An EBS volume as `DescribeVolumes` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// `VolumeId`.
    pub id: VolumeId,
    /// The instance that it is attached to, if any.
    pub attached_to: Option<InstanceId>,
    /// Whether it is already being deleted.
    pub deleting: bool,
    /// `Tags`.
    pub tags: Tags,
}
