//! Client tokens of launches.

use crate::ec2::api::RunInstancesRequest;

/// The scope of a client token: a region, or the zone that the launch named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::ec2) struct TokenKey {
    pub(in crate::ec2) region: String,
    pub(in crate::ec2) zone: Option<String>,
    pub(in crate::ec2) token: String,
}

/// The launch that used a client token.
pub(in crate::ec2) struct TokenUse {
    pub(in crate::ec2) request: RunInstancesRequest,
    /// `None`: EC2 had no capacity for it.
    pub(in crate::ec2) instance_id: Option<String>,
}
