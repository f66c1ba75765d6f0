//! EC2 as a service of the account.

use super::Ec2;
use crate::protocol::{Dialect, Protocol, QueryApi};
use crate::service::{Action, Description, Rpc, Words, names};

/// Its errors: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
pub(crate) const SERVICE: Description = Description {
    name: "EC2",
    signing_name: "ec2",
    protocol: Protocol::Query(QueryApi {
        version: "2016-11-15",
        namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
        dialect: Dialect::Ec2,
    }),
    failure: Words(500, "InternalError"),
    throttling: Words(503, "RequestLimitExceeded"),
    denial: Words(403, "UnauthorizedOperation"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<Ec2>; 21] = [
    ("CreateTags", |ec2, input| input.with(|request| ec2.create_tags(input.region, &request))),
    ("CreateVolume", |ec2, input| input.with(|request| ec2.create_volume(input.region, &request))),
    ("DeleteVolume", |ec2, input| input.with(|request| ec2.delete_volume(input.region, &request))),
    ("DescribeImages", |ec2, input| input.with(|request| ec2.describe_images(input.region, &request))),
    ("DescribeInstanceStatus", |ec2, input| {
        input.with(|request| ec2.describe_instance_status(input.region, &request))
    }),
    ("DescribeInstanceTypeOfferings", |ec2, input| {
        input.with(|request| ec2.describe_instance_type_offerings(input.region, &request))
    }),
    ("DescribeInstanceTypes", |ec2, input| {
        input.with(|request| ec2.describe_instance_types(input.region, &request))
    }),
    ("DescribeInstances", |ec2, input| input.with(|request| ec2.describe_instances(input.region, &request))),
    ("DescribeRouteTables", |ec2, input| {
        input.with(|request| ec2.describe_route_tables(input.region, &request))
    }),
    ("DescribeSpotPriceHistory", |ec2, input| {
        input.with(|request| ec2.describe_spot_price_history(input.region, &request))
    }),
    ("DescribeSubnets", |ec2, input| input.with(|request| ec2.describe_subnets(input.region, &request))),
    ("DescribeVolumes", |ec2, input| input.with(|request| ec2.describe_volumes(input.region, &request))),
    ("DescribeVpcEndpoints", |ec2, input| {
        input.with(|request| ec2.describe_vpc_endpoints(input.region, &request))
    }),
    ("DetachVolume", |ec2, input| input.with(|request| ec2.detach_volume(input.region, &request))),
    ("GetConsoleOutput", |ec2, input| input.with(|request| ec2.get_console_output(input.region, &request))),
    ("ModifyInstanceAttribute", |ec2, input| {
        input.with(|request| ec2.modify_instance_attribute(input.region, &request))
    }),
    ("RebootInstances", |ec2, input| input.with(|request| ec2.reboot_instances(input.region, &request))),
    ("RunInstances", |ec2, input| input.with(|request| ec2.run_instances(input.region, &request))),
    ("StartInstances", |ec2, input| input.with(|request| ec2.start_instances(input.region, &request))),
    ("StopInstances", |ec2, input| input.with(|request| ec2.stop_instances(input.region, &request))),
    ("TerminateInstances", |ec2, input| {
        input.with(|request| ec2.terminate_instances(input.region, &request))
    }),
];

impl Rpc for Ec2 {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}
