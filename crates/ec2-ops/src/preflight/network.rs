//! The subnets of the launches: free addresses, and a way to the SSM endpoints.
//!
//! An instance needs one, or its agent never comes online:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html>.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use crate::aws_error::AwsError;
use crate::document::Job;
use crate::ids::Region;
use crate::launch::Candidate;
use crate::ports::{Catalog, RouteTable, Subnet};

/// What a VPC has besides subnets.
struct Vpc {
    tables: Vec<RouteTable>,
    endpoints: BTreeSet<String>,
}

pub(super) async fn check(
    job: &Job,
    candidates: &[Candidate],
    region: &Region,
    ec2: &impl Catalog,
) -> Vec<Finding> {
    let interface = job.instance.network_interfaces.iter().flatten().next();
    let named = candidates.iter().filter_map(|candidate| candidate.subnet.clone());
    let named = named.chain(interface.and_then(|interface| interface.subnet_id.clone()));
    let ids: Vec<_> = named.collect::<BTreeSet<_>>().into_iter().collect();
    let asks_for_public = interface.and_then(|interface| interface.associate_public_ip_address);
    let subnets = match ec2.subnets(region, &ids).await {
        Ok(subnets) => subnets,
        Err(error) => return vec![Finding::of_call("subnets", &error)],
    };
    if subnets.is_empty() {
        let todo = "name instances.subnet_ids in the Terraform module, or `aws ec2 create-default-vpc`";
        return vec![Finding::wrong(
            "subnets",
            format!("{region} has no default VPC"),
            Some(todo.to_owned()),
        )];
    }
    let mut vpcs = BTreeMap::new();
    for Subnet { vpc: id, .. } in &subnets {
        if !vpcs.contains_key(id) {
            vpcs.insert(id.clone(), vpc(id, region, ec2).await);
        }
    }
    let finding = |subnet: &Subnet| {
        let about = format!("subnet {} in {}", subnet.id, subnet.zone);
        match &vpcs[&subnet.vpc] {
            Ok(vpc) => judge(about, subnet, vpc, asks_for_public.unwrap_or(subnet.public), region),
            Err(error) => Finding::of_call(about, error),
        }
    };
    subnets.iter().map(finding).collect()
}

async fn vpc(id: &str, region: &Region, ec2: &impl Catalog) -> Result<Vpc, AwsError> {
    Ok(Vpc { tables: ec2.route_tables(region, id).await?, endpoints: ec2.endpoints(region, id).await? })
}

fn judge(about: String, subnet: &Subnet, vpc: &Vpc, gets_public_address: bool, region: &Region) -> Finding {
    let id = &subnet.id;
    if subnet.free_addresses == 0 {
        return Finding::wrong(about, "has no free address", Some("name another subnet".to_owned()));
    }
    let own = vpc.tables.iter().find(|table| table.subnets.contains(id));
    let table = own.or_else(|| vpc.tables.iter().find(|table| table.main));
    let has = |service: &str| vpc.endpoints.contains(&format!("com.amazonaws.{region}.{service}"));
    let way = match table.and_then(|table| table.default_route.as_deref()) {
        _ if has("ssm") && (has("ssmmessages") || has("ec2messages")) => "VPC endpoints",
        Some(gateway) if gateway.starts_with("igw-") && !gets_public_address => {
            let todo = format!(
                "aws ec2 modify-subnet-attribute --subnet-id {id} --map-public-ip-on-launch --region {region}"
            );
            let says = format!(
                "leads to {gateway}, but instances get no public address: no way to the SSM endpoints"
            );
            return Finding::wrong(about, says, Some(todo));
        }
        Some(gateway) => gateway,
        None => {
            let todo = format!(
                "add a route to a NAT gateway, or VPC endpoints of com.amazonaws.{region}.ssm and .ssmmessages"
            );
            return Finding::wrong(about, "has no way to the SSM endpoints", Some(todo));
        }
    };
    Finding::ok(about, format!("{} free addresses, to SSM through {way}", subnet.free_addresses))
}
