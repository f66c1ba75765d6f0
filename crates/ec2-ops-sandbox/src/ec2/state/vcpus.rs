//! The account's quota of vCPUs.

use ec2_ops_limits::vcpus::QuotaGroup;

use super::{InstanceRecord, State};
use crate::AwsError;
use crate::ec2::api::InstanceStateName;
use crate::ec2::{fault, instance_types};

impl State {
    /// Refuses one more instance of the type if the quota of its region, market and group of families has no room for it.
    /// Instances count while they are pending or running.
    pub(in crate::ec2) fn check_vcpus(
        &self,
        region: &str,
        instance_type: &str,
        spot: bool,
    ) -> Result<(), AwsError> {
        let Some(limit) = self.config.vcpus else { return Ok(()) };
        let group = QuotaGroup::of(instance_type);
        let counts = |record: &&InstanceRecord| {
            record.region == region
                && record.is_spot() == spot
                && matches!(record.state(), InstanceStateName::Pending | InstanceStateName::Running)
                && QuotaGroup::of(&record.instance.instance_type) == group
        };
        let records = self.instances.iter().map(|(_, record)| record.as_ref());
        let used: u32 =
            records.filter(counts).map(|record| instance_types::vcpus(&record.instance.instance_type)).sum();
        match used + instance_types::vcpus(instance_type) <= limit {
            true => Ok(()),
            false if spot => Err(fault::spot_limit()),
            false => Err(fault::vcpu_limit(limit)),
        }
    }
}
