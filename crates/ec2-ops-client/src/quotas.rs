//! The account's quotas of vCPUs, and what uses them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, Instance, InstanceType, InstanceTypeInfo};
use aws_sdk_servicequotas::types::ServiceQuota;
use ec2_ops_limits::instance_type::MAX_DESCRIBED;
use ec2_ops_limits::vcpus::QuotaGroup;

use crate::instances::is_spot;
use crate::{Client, Error};

/// An instance type, and whether on Spot.
pub type Bought = (String, bool);

/// A quota of vCPUs in one region.
#[derive(Clone, Debug, PartialEq)]
pub struct VcpuQuota {
    /// AWS's name for it.
    pub name: String,
    /// AWS's code for it, `L-1216C47A`.
    pub code: &'static str,
    /// How many vCPUs may be in use at once.
    pub limit: f64,
    /// How many are, by instances that are pending or running.
    pub used: i32,
    /// How many the largest of the launches adds.
    pub needed: i32,
    /// The type of that launch.
    pub instance_type: String,
}

impl Client {
    /// The quotas in `region` that instances of `launches` count towards.
    ///
    /// # Errors
    /// Where EC2 or Service Quotas cannot be asked.
    pub async fn vcpu_quotas(
        &self,
        region: &str,
        launches: &BTreeSet<Bought>,
    ) -> Result<Vec<VcpuQuota>, Error> {
        let running = self.running(region).await?;
        let types: BTreeSet<_> = running.iter().chain(launches).map(|(name, _)| name.clone()).collect();
        let vcpus = self.vcpus_of(region, types.into_iter().collect()).await?;
        let of = |name: &str| vcpus.get(name).copied().unwrap_or_default();
        let mut largest = BTreeMap::new();
        for (name, spot) in launches {
            let Some(code) = QuotaGroup::of(name).code(*spot) else { continue };
            let needed = largest.entry(code).or_default();
            *needed = (of(name), name.as_str()).max(*needed);
        }
        let mut quotas = Vec::new();
        for (code, (needed, instance_type)) in largest {
            let counts = |(name, spot): &&Bought| QuotaGroup::of(name).code(*spot) == Some(code);
            let used = running.iter().filter(counts).map(|(name, _)| of(name)).sum();
            let (name, limit) = self.quota(region, code).await?;
            quotas.push(VcpuQuota {
                name,
                code,
                limit,
                used,
                needed,
                instance_type: instance_type.to_owned(),
            });
        }
        Ok(quotas)
    }

    /// The instances in `region` that are pending or running. Those of others count towards the quotas, too.
    async fn running(&self, region: &str) -> Result<Vec<Bought>, Error> {
        let states = Filter::builder().name("instance-state-name").values("pending").values("running");
        let instances = self.instances_with(states.build(), region).await?;
        let read = |found: &Instance| Some((found.instance_type()?.as_str().to_owned(), is_spot(found)));
        Ok(instances.iter().filter_map(read).collect())
    }

    /// How many vCPUs each of `types` has.
    async fn vcpus_of(&self, region: &str, types: Vec<String>) -> Result<BTreeMap<String, i32>, Error> {
        let ec2 = self.ec2(region);
        let mut vcpus = BTreeMap::new();
        for types in types.chunks(MAX_DESCRIBED) {
            let types = types.iter().map(|name| InstanceType::from(name.as_str())).collect();
            let call = ec2.describe_instance_types().set_instance_types(Some(types));
            let answer =
                call.send().await.map_err(|error| Error::of_call("DescribeInstanceTypes", &error))?;
            let read = |info: &InstanceTypeInfo| {
                Some((info.instance_type()?.as_str().to_owned(), info.v_cpu_info()?.default_v_cpus()?))
            };
            vcpus.extend(answer.instance_types().iter().filter_map(read));
        }
        Ok(vcpus)
    }

    /// The name and the value of one of EC2's quotas.
    async fn quota(&self, region: &str, code: &str) -> Result<(String, f64), Error> {
        let call = self.service_quotas(region).get_service_quota().service_code("ec2").quota_code(code);
        let answer = call.send().await.map_err(|error| Error::of_call("GetServiceQuota", &error))?;
        let quota = answer.quota();
        let name = quota.and_then(ServiceQuota::quota_name).unwrap_or(code);
        Ok((name.to_owned(), quota.and_then(ServiceQuota::value).unwrap_or_default()))
    }
}
