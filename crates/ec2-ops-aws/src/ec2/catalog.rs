//! What a launch would meet: images, types, subnets and their ways out.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, LocationType, Route, RouteState, State};
use ec2_ops::AwsError;
use ec2_ops::ids::Region;
use ec2_ops::ports::{Catalog, Image, Launch, RouteTable, Subnet};

use super::{Ec2, run_instances};
use crate::error::aws_error;

/// EC2's answer to a dry run that would have had its effect.
const WOULD_LAUNCH: &str = "DryRunOperation";

impl Catalog for Ec2 {
    async fn dry_run(&self, region: &Region, launch: &Launch) -> Result<(), AwsError> {
        let request = run_instances::input(launch.clone()).dry_run(true);
        match request.send_with(&self.0.of(region)).await.map_err(aws_error("RunInstances")) {
            Err(error) if error.code == WOULD_LAUNCH => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn image(&self, region: &Region, id: &str) -> Result<Option<Image>, AwsError> {
        let request = self.0.of(region).describe_images().image_ids(id);
        let answer = match request.send().await.map_err(aws_error("DescribeImages")) {
            Err(error) if error.code == "InvalidAMIID.NotFound" => return Ok(None),
            answer => answer?,
        };
        Ok(answer.images().first().map(|image| Image {
            state: image.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
            architecture: image.architecture().map(|name| name.as_str().to_owned()).unwrap_or_default(),
            root_device_type: image
                .root_device_type()
                .map(|kind| kind.as_str().to_owned())
                .unwrap_or_default(),
        }))
    }

    async fn zones_of(&self, region: &Region, instance_type: &str) -> Result<BTreeSet<String>, AwsError> {
        let request = self.0.of(region).describe_instance_type_offerings();
        let request = request
            .location_type(LocationType::AvailabilityZone)
            .filters(Filter::builder().name("instance-type").values(instance_type).build());
        let answer = request.send().await.map_err(aws_error("DescribeInstanceTypeOfferings"))?;
        let offerings = answer.instance_type_offerings().iter();
        Ok(offerings.filter_map(|offering| offering.location().map(str::to_owned)).collect())
    }

    async fn subnets(&self, region: &Region, ids: &[String]) -> Result<Vec<Subnet>, AwsError> {
        let request = self.0.of(region).describe_subnets();
        let request = if ids.is_empty() {
            request.filters(Filter::builder().name("default-for-az").values("true").build())
        } else {
            request.set_subnet_ids(Some(ids.to_vec()))
        };
        let answer = request.send().await.map_err(aws_error("DescribeSubnets"))?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let subnets = answer.subnets().iter().map(|subnet| Subnet {
            id: text(subnet.subnet_id()),
            vpc: text(subnet.vpc_id()),
            zone: text(subnet.availability_zone()),
            free_addresses: subnet.available_ip_address_count().unwrap_or_default().try_into().unwrap_or(0),
            public: subnet.map_public_ip_on_launch().unwrap_or_default(),
        });
        Ok(subnets.collect())
    }

    async fn route_tables(&self, region: &Region, vpc: &str) -> Result<Vec<RouteTable>, AwsError> {
        let request = self.0.of(region).describe_route_tables().filters(in_vpc(vpc));
        let answer = request.send().await.map_err(aws_error("DescribeRouteTables"))?;
        let tables = answer.route_tables().iter().map(|table| RouteTable {
            subnets: table
                .associations()
                .iter()
                .filter_map(|association| association.subnet_id().map(str::to_owned))
                .collect(),
            main: table.associations().iter().any(|association| association.main().unwrap_or_default()),
            default_route: table.routes().iter().find_map(default_route),
        });
        Ok(tables.collect())
    }

    async fn endpoints(&self, region: &Region, vpc: &str) -> Result<BTreeSet<String>, AwsError> {
        let request = self.0.of(region).describe_vpc_endpoints().filters(in_vpc(vpc));
        let answer = request.send().await.map_err(aws_error("DescribeVpcEndpoints"))?;
        // Its words are written with and without a capital letter.
        let is_there = |state: &State| state.as_str().eq_ignore_ascii_case("available");
        let there = answer.vpc_endpoints().iter().filter(|endpoint| endpoint.state().is_some_and(is_there));
        Ok(there.filter_map(|endpoint| endpoint.service_name().map(str::to_owned)).collect())
    }
}

fn in_vpc(vpc: &str) -> Filter {
    Filter::builder().name("vpc-id").values(vpc).build()
}

/// What a route to everywhere leads to.
fn default_route(route: &Route) -> Option<String> {
    if route.destination_cidr_block() != Some("0.0.0.0/0") || route.state() != Some(&RouteState::Active) {
        return None;
    }
    let targets = [
        route.gateway_id(),
        route.nat_gateway_id(),
        route.transit_gateway_id(),
        route.network_interface_id(),
        route.instance_id(),
        route.vpc_peering_connection_id(),
    ];
    targets.into_iter().flatten().next().map(str::to_owned)
}
