//! The questions of a launch: about the resources that it creates, and those that it uses. See `RunInstances` in
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>.

use super::lookup::Lookup;
use super::policy::Request;
use crate::ec2::api::{IamInstanceProfileSpecification, RunInstancesRequest};

const ACTION: &str = "ec2:RunInstances";

/// Every question of `RunInstances`. A repetition asks the same again.
pub(super) fn requests(request: &RunInstancesRequest, at: &Lookup<'_>) -> Vec<Request> {
    let mut requests: Vec<_> =
        ["instance", "volume"].into_iter().flat_map(|kind| created(request, kind, at)).collect();
    requests.extend(used(request).into_iter().map(|(owned, resource)| {
        let account = if owned { at.account_id } else { "" };
        let mut question = at.request(ACTION, &format!("arn:aws:ec2:{}:{account}:{resource}", at.region));
        if resource.starts_with("image/") {
            // Every image is the account's own here.
            question.context.insert("ec2:Owner".to_owned(), at.account_id.to_owned());
        }
        question
    }));
    requests.extend(request.iam_instance_profile.as_ref().map(|profile| pass_role(profile, at)));
    requests.extend(is_spot(request).then(|| first_spot_launch(at)));
    requests.extend(image_parameter(request, at));
    requests
}

/// A resource that is created has the id `*` to IAM, and the tags of the request.
fn created(request: &RunInstancesRequest, kind: &str, at: &Lookup<'_>) -> Vec<Request> {
    let specifications =
        request.tag_specifications.iter().filter(|specification| specification.resource_type == kind);
    let mut launch = at.request(ACTION, &at.arn("ec2", &format!("{kind}/*")));
    if let ("instance", Some(instance_type)) = (kind, &request.instance_type) {
        launch.context.insert("ec2:InstanceType".to_owned(), instance_type.clone());
    }
    let mut tagged = false;
    for tag in specifications.flat_map(|specification| &specification.tags) {
        launch.context.insert(format!("aws:RequestTag/{}", tag.key), tag.value.clone());
        tagged = true;
    }
    if !tagged {
        return vec![launch];
    }
    let mut tag = Request { action: "ec2:CreateTags".to_owned(), ..launch.clone() };
    tag.context.insert("ec2:CreateAction".to_owned(), "RunInstances".to_owned());
    vec![launch, tag]
}

/// The resources that the launch uses, and whether each belongs to the account. The id behind a default or a name is not
/// modelled. The request is destructured whole, so that a new field that is forgotten here does not compile.
fn used(request: &RunInstancesRequest) -> Vec<(bool, String)> {
    let RunInstancesRequest {
        image_id,
        key_name,
        security_group_ids,
        security_groups: _,
        subnet_id,
        network_interfaces,
        block_device_mappings,
        placement,
        // They have questions of their own.
        iam_instance_profile: _,
        instance_market_options: _,
        tag_specifications: _,
        // They are no resources.
        dry_run: _,
        client_token: _,
        min_count: _,
        max_count: _,
        instance_type: _,
        metadata_options: _,
        user_data: _,
        instance_initiated_shutdown_behavior: _,
        ebs_optimized: _,
        monitoring: _,
        cpu_options: _,
        credit_specification: _,
        hibernation_options: _,
        disable_api_termination: _,
        disable_api_stop: _,
    } = request;
    let interface = network_interfaces.first();
    let subnet = subnet_id.as_deref().or_else(|| interface?.subnet_id.as_deref()).unwrap_or("*");
    let groups = interface.map_or(security_group_ids, |interface| &interface.groups);
    let default_group = groups.is_empty().then(|| "*".to_owned());
    let snapshots =
        block_device_mappings.iter().filter_map(|mapping| mapping.ebs.as_ref()?.snapshot_id.as_ref());
    let placement = placement.as_ref().and_then(|placement| placement.group_name.as_ref());
    // Which image a parameter holds is not looked up.
    let image = image_id.as_deref().filter(|id| id.starts_with("ami-")).unwrap_or("*");
    let mut used = vec![
        (false, format!("image/{image}")),
        (true, format!("subnet/{subnet}")),
        (true, "network-interface/*".to_owned()),
    ];
    used.extend(groups.iter().chain(&default_group).map(|group| (true, format!("security-group/{group}"))));
    used.extend(snapshots.map(|id| (false, format!("snapshot/{id}"))));
    used.extend(key_name.iter().map(|key| (true, format!("key-pair/{key}"))));
    used.extend(placement.map(|group| (true, format!("placement-group/{group}"))));
    used.extend(is_spot(request).then(|| (true, "spot-instances-request/*".to_owned())));
    used
}

/// EC2 reads the parameter of an image with the rights of the caller. AWS's own parameters belong to no account. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html>.
fn image_parameter(request: &RunInstancesRequest, at: &Lookup<'_>) -> Option<Request> {
    let selector = request.image_id.as_ref()?.strip_prefix("resolve:ssm:")?;
    let name = selector.split(':').next()?;
    let account = if name.starts_with("/aws/") { "" } else { at.account_id };
    let path = name.trim_start_matches('/');
    Some(at.request("ssm:GetParameters", &format!("arn:aws:ssm:{}:{account}:parameter/{path}", at.region)))
}

fn is_spot(request: &RunInstancesRequest) -> bool {
    let options = request.instance_market_options.as_ref();
    options.is_some_and(|options| options.market_type.as_deref() == Some("spot"))
}

/// The role is assumed to have the name of its profile, as the deployment's has.
fn pass_role(profile: &IamInstanceProfileSpecification, at: &Lookup<'_>) -> Request {
    let by_arn = profile.arn.as_ref().map(|arn| arn.replace(":instance-profile/", ":role/"));
    let by_name =
        || format!("arn:aws:iam::{}:role/{}", at.account_id, profile.name.as_deref().unwrap_or_default());
    let mut request = at.request("iam:PassRole", &by_arn.unwrap_or_else(by_name));
    request.context.insert("iam:PassedToService".to_owned(), "ec2.amazonaws.com".to_owned());
    request
}

/// Only the first Spot launch of an account needs it; any launch may be the first.
fn first_spot_launch(at: &Lookup<'_>) -> Request {
    let service = "spot.amazonaws.com";
    let role = format!("role/aws-service-role/{service}/AWSServiceRoleForEC2Spot");
    let mut request =
        at.request("iam:CreateServiceLinkedRole", &format!("arn:aws:iam::{}:{role}", at.account_id));
    request.context.insert("iam:AWSServiceName".to_owned(), service.to_owned());
    request
}
