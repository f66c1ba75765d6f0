//! Subnets, route tables and VPC endpoints.

use serde::{Deserialize, Serialize};

use super::Filter;

/// `DescribeSubnets`, by ids or those of the default VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeSubnetsRequest {
    pub dry_run: bool,
    pub subnet_ids: Vec<String>,
    pub filters: Vec<Filter>,
}

/// The answer of `DescribeSubnets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeSubnetsResponse {
    pub subnets: Vec<Subnet>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Subnet {
    pub subnet_id: String,
    pub vpc_id: String,
    pub state: String,
    pub availability_zone: String,
    pub available_ip_address_count: u32,
    pub map_public_ip_on_launch: bool,
    pub default_for_az: bool,
}

/// `DescribeRouteTables`, of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeRouteTablesRequest {
    pub dry_run: bool,
    pub filters: Vec<Filter>,
}

/// The answer of `DescribeRouteTables`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeRouteTablesResponse {
    pub route_tables: Vec<RouteTable>,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RouteTable {
    pub route_table_id: String,
    pub vpc_id: String,
    pub associations: Vec<RouteTableAssociation>,
    pub routes: Vec<Route>,
}

/// Which subnets have the table: without a subnet's id, all without one of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RouteTableAssociation {
    pub main: bool,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Route {
    pub destination_cidr_block: String,
    pub gateway_id: String,
    pub state: String,
}

/// `DescribeVpcEndpoints`, of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeVpcEndpointsRequest {
    pub dry_run: bool,
    pub filters: Vec<Filter>,
}

/// The answer of `DescribeVpcEndpoints`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeVpcEndpointsResponse {
    pub vpc_endpoints: Vec<VpcEndpoint>,
}

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VpcEndpoint {
    pub service_name: String,
    pub state: String,
}
