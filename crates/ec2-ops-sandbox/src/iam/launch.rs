//! What a launch asks: of what it creates, and of what it uses. See `RunInstances` in
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>.

use std::collections::BTreeMap;

use super::call::at;
use super::policy::Request;
use crate::ec2::api::{IamInstanceProfileSpecification, RunInstancesRequest};

/// Every question of `RunInstances`. A repetition asks the same again.
pub(super) fn requests(region: &str, request: &RunInstancesRequest, account: &str) -> Vec<Request> {
    let mut requests = Vec::new();
    for kind in ["instance", "volume"] {
        requests.extend(created(region, request, account, kind));
    }
    requests.extend(used(request).into_iter().map(|(owned, resource)| {
        let owner = if owned { account } else { "" };
        let resource = format!("arn:aws:ec2:{region}:{owner}:{resource}");
        Request { action: "ec2:RunInstances".to_owned(), resource, context: at(region) }
    }));
    requests.extend(request.iam_instance_profile.as_ref().map(|profile| pass_role(profile, account)));
    if is_spot(request) {
        requests.push(first_spot_launch(account));
    }
    requests
}

/// What has no id yet is `*` to IAM; what it will be tagged with is known.
fn created(region: &str, request: &RunInstancesRequest, account: &str, kind: &str) -> Vec<Request> {
    let resource = format!("arn:aws:ec2:{region}:{account}:{kind}/*");
    let tags: BTreeMap<_, _> = request
        .tag_specifications
        .iter()
        .filter(|specification| specification.resource_type == kind)
        .flat_map(|specification| &specification.tags)
        .map(|tag| (format!("aws:RequestTag/{}", tag.key), tag.value.clone()))
        .collect();
    let mut context = at(region);
    context.extend(tags.clone());
    let launch = Request {
        action: "ec2:RunInstances".to_owned(),
        resource: resource.clone(),
        context: context.clone(),
    };
    if tags.is_empty() {
        return vec![launch];
    }
    context.insert("ec2:CreateAction".to_owned(), "RunInstances".to_owned());
    vec![launch, Request { action: "ec2:CreateTags".to_owned(), resource, context }]
}

/// What the launch uses, and whether it belongs to the account. What a default stands for has an id that the model does
/// not know.
fn used(request: &RunInstancesRequest) -> Vec<(bool, String)> {
    let any = || vec!["*".to_owned()];
    let interface = request.network_interfaces.first();
    let subnet = request.subnet_id.as_deref().or_else(|| interface?.subnet_id.as_deref()).unwrap_or("*");
    let groups = interface.map_or(&request.security_group_ids, |interface| &interface.groups);
    let groups = if groups.is_empty() { any() } else { groups.clone() };
    let snapshots = request.block_device_mappings.iter().filter_map(|mapping| mapping.ebs.as_ref());
    let placement = request.placement.as_ref().and_then(|placement| placement.group_name.as_ref());
    let mut used = vec![
        (false, format!("image/{}", request.image_id.as_deref().unwrap_or("*"))),
        (true, format!("subnet/{subnet}")),
        (true, "network-interface/*".to_owned()),
    ];
    used.extend(groups.iter().map(|group| (true, format!("security-group/{group}"))));
    used.extend(
        snapshots.filter_map(|ebs| ebs.snapshot_id.as_ref()).map(|id| (false, format!("snapshot/{id}"))),
    );
    used.extend(request.key_name.iter().map(|key| (true, format!("key-pair/{key}"))));
    used.extend(placement.map(|group| (true, format!("placement-group/{group}"))));
    used.extend(is_spot(request).then(|| (true, "spot-instances-request/*".to_owned())));
    used
}

fn is_spot(request: &RunInstancesRequest) -> bool {
    let options = request.instance_market_options.as_ref();
    options.is_some_and(|options| options.market_type.as_deref() == Some("spot"))
}

/// The role of a profile is taken to have the profile's name, as ours has.
fn pass_role(profile: &IamInstanceProfileSpecification, account: &str) -> Request {
    let by_arn = profile.arn.as_ref().map(|arn| arn.replace(":instance-profile/", ":role/"));
    let by_name = || format!("arn:aws:iam::{account}:role/{}", profile.name.as_deref().unwrap_or_default());
    Request {
        action: "iam:PassRole".to_owned(),
        resource: by_arn.unwrap_or_else(by_name),
        context: BTreeMap::from([("iam:PassedToService".to_owned(), "ec2.amazonaws.com".to_owned())]),
    }
}

/// Only the first Spot launch of an account asks for it; any may be the first.
fn first_spot_launch(account: &str) -> Request {
    let name = "spot.amazonaws.com";
    Request {
        action: "iam:CreateServiceLinkedRole".to_owned(),
        resource: format!("arn:aws:iam::{account}:role/aws-service-role/{name}/AWSServiceRoleForEC2Spot"),
        context: BTreeMap::from([("iam:AWSServiceName".to_owned(), name.to_owned())]),
    }
}
