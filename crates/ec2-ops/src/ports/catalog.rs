//! What a launch would meet in the account. Only a check before an execution asks for it.

use std::collections::BTreeSet;
use std::future::Future;

use crate::aws_error::AwsError;
use crate::ids::Region;
use crate::ports::Launch;

/// What a launch would meet in the account. Only a check before an execution asks for it.
pub trait Catalog: Send + Sync {
    /// `RunInstances` with `DryRun`: whether rights and parameters allow the launch. EC2 looks at neither capacity nor quotas.
    fn dry_run(&self, region: &Region, launch: &Launch) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `DescribeImages` by id; `None` if the account sees no such image.
    fn image(
        &self,
        region: &Region,
        id: &str,
    ) -> impl Future<Output = Result<Option<Image>, AwsError>> + Send;

    /// `DescribeInstanceTypeOfferings`: the zones of the region that have the type.
    fn zones_of(
        &self,
        region: &Region,
        instance_type: &str,
    ) -> impl Future<Output = Result<BTreeSet<String>, AwsError>> + Send;

    /// `DescribeSubnets` by ids, or without ids those in which EC2 launches by default.
    fn subnets(
        &self,
        region: &Region,
        ids: &[String],
    ) -> impl Future<Output = Result<Vec<Subnet>, AwsError>> + Send;

    /// `DescribeRouteTables` of a VPC.
    fn route_tables(
        &self,
        region: &Region,
        vpc: &str,
    ) -> impl Future<Output = Result<Vec<RouteTable>, AwsError>> + Send;

    /// `DescribeVpcEndpoints` of a VPC: the services that it reaches without a way to the internet.
    fn endpoints(
        &self,
        region: &Region,
        vpc: &str,
    ) -> impl Future<Output = Result<BTreeSet<String>, AwsError>> + Send;
}

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `State`: `available` if it can be launched.
    pub state: String,
    /// `Architecture`.
    pub architecture: String,
    /// `RootDeviceType`: `ebs` or `instance-store`.
    pub root_device_type: String,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// `SubnetId`.
    pub id: String,
    /// `VpcId`.
    pub vpc: String,
    /// `AvailabilityZone`.
    pub zone: String,
    /// `AvailableIpAddressCount`.
    pub free_addresses: u32,
    /// `MapPublicIpOnLaunch`: whether an instance gets a public address unless its launch says otherwise.
    pub public: bool,
}

/// A route table of a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    /// The subnets that it is associated with.
    pub subnets: Vec<String>,
    /// Whether it is that of all subnets without one of their own.
    pub main: bool,
    /// The id of what the active route to `0.0.0.0/0` leads to: `igw-…`, `nat-…`.
    pub default_route: Option<String>,
}
