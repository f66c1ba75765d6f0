//! `DescribeSubnets`, `DescribeRouteTables` and `DescribeVpcEndpoints`: every subnet is in one public VPC.

use super::filter::check_values;
use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{
    DescribeRouteTablesRequest, DescribeRouteTablesResponse, DescribeSubnetsRequest, DescribeSubnetsResponse,
    DescribeVpcEndpointsRequest, DescribeVpcEndpointsResponse, Filter, Route, RouteTable,
    RouteTableAssociation, Subnet,
};
use crate::ec2::{Ec2, SERVICE, ids};

/// The VPC of each region.
const VPC: &str = "vpc-00000000000000001";
/// What a subnet of 256 addresses leaves free: AWS keeps five. See
/// <https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html>.
const FREE_ADDRESSES: u32 = 251;

impl Ec2 {
    /// `DescribeSubnets`, by ids, or with `default-for-az` those in which a launch without a subnet can be.
    pub fn describe_subnets(
        &self,
        region: &str,
        request: &DescribeSubnetsRequest,
    ) -> Result<DescribeSubnetsResponse, AwsError> {
        for id in &request.subnet_ids {
            super::run_instances::check_subnet(id, &self.shared.config.missing)?;
        }
        check_values(&request.filters)?;
        let default = match request.filters.as_slice() {
            [] => None,
            [only] if only.name == "default-for-az" => Some(only.values == ["true"]),
            filters => return Err(unmodelled_filter(filters, "default-for-az", "DescribeSubnets")),
        };
        refuse_dry_run(request.dry_run)?;
        let subnets: Vec<_> = match request.subnet_ids.as_slice() {
            [] => vec![subnet("subnet-0000000000000000a", region, true)],
            ids => ids::distinct(ids).into_iter().map(|id| subnet(id, region, false)).collect(),
        };
        let is_meant = |subnet: &Subnet| default.is_none_or(|default| subnet.default_for_az == default);
        Ok(DescribeSubnetsResponse { subnets: subnets.into_iter().filter(is_meant).collect() })
    }

    /// `DescribeRouteTables` of a VPC: one table, which leads to the internet.
    pub fn describe_route_tables(
        &self,
        _region: &str,
        request: &DescribeRouteTablesRequest,
    ) -> Result<DescribeRouteTablesResponse, AwsError> {
        let is_ours = is_our_vpc(&request.filters, "DescribeRouteTables")?;
        refuse_dry_run(request.dry_run)?;
        let table = || RouteTable {
            route_table_id: "rtb-00000000000000001".to_owned(),
            vpc_id: VPC.to_owned(),
            associations: vec![RouteTableAssociation { main: true }],
            routes: vec![Route {
                destination_cidr_block: "0.0.0.0/0".to_owned(),
                gateway_id: "igw-00000000000000001".to_owned(),
                state: "active".to_owned(),
            }],
        };
        Ok(DescribeRouteTablesResponse { route_tables: is_ours.then(table).into_iter().collect() })
    }

    /// `DescribeVpcEndpoints` of a VPC, which has none.
    pub fn describe_vpc_endpoints(
        &self,
        _region: &str,
        request: &DescribeVpcEndpointsRequest,
    ) -> Result<DescribeVpcEndpointsResponse, AwsError> {
        is_our_vpc(&request.filters, "DescribeVpcEndpoints")?;
        refuse_dry_run(request.dry_run)?;
        Ok(DescribeVpcEndpointsResponse::default())
    }
}

/// Every instance without a zone of its own is in the zone a, whatever its subnet.
fn subnet(id: &str, region: &str, default: bool) -> Subnet {
    Subnet {
        subnet_id: id.to_owned(),
        vpc_id: VPC.to_owned(),
        state: "available".to_owned(),
        availability_zone: format!("{region}a"),
        available_ip_address_count: FREE_ADDRESSES,
        map_public_ip_on_launch: true,
        default_for_az: default,
    }
}

/// Whether the filters mean the VPC that there is.
fn is_our_vpc(filters: &[Filter], action: &str) -> Result<bool, AwsError> {
    check_values(filters)?;
    match filters {
        [] => Ok(true),
        [only] if only.name == "vpc-id" => Ok(only.values.iter().any(|value| value == VPC)),
        filters => Err(unmodelled_filter(filters, "vpc-id", action)),
    }
}

fn unmodelled_filter(filters: &[Filter], known: &str, action: &str) -> AwsError {
    let other = filters.iter().find(|filter| filter.name != known).or(filters.first());
    let name = other.map_or("", |filter| filter.name.as_str());
    SERVICE.unmodelled(format!("the filter {name} in {action}"))
}
