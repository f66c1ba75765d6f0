//! Instances that no execution of the schedule launched.

use crate::faults::{FaultKind, Faults};
use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::ec2::api::{RunInstancesRequest, Tag, TagSpecification};
use ec2_ops_sandbox::{Account, AwsError};

/// Launches instances that must not be touched, in every region: one without our tags, and one of another deployment.
pub(super) fn bystanders(account: &Account, names: &Names) -> Result<Vec<String>, AwsError> {
    let mut launched = Vec::new();
    for region in regions(names) {
        launched.push(launch(account, region, &[("Name", "another person's")])?);
        launched.push(launch_for(account, region, "another", "run-0")?);
    }
    Ok(launched)
}

/// Launches an instance of this deployment whose execution never existed, in the last of its regions.
pub(super) fn orphan(account: &Account, names: &Names, faults: &Faults) -> Result<String, AwsError> {
    faults.count(FaultKind::Orphan);
    let region = regions(names).last().unwrap_or_default();
    launch_for(account, region, &names.deployment, "never-was")
}

fn regions(names: &Names) -> impl Iterator<Item = &str> {
    std::iter::once(&names.region).chain(&names.additional_regions).map(String::as_str)
}

fn launch_for(
    account: &Account,
    region: &str,
    deployment: &str,
    execution: &str,
) -> Result<String, AwsError> {
    let owner = &account.platform.account_id;
    let execution = format!("arn:aws:states:us-east-1:{owner}:execution:{deployment}:{execution}");
    let tags = [
        ("ec2-ops:deployment", deployment),
        ("ec2-ops:execution", &execution),
        ("ec2-ops:attempt", "1"),
        ("ec2-ops:on-end", "terminate,delete-volumes"),
    ];
    launch(account, region, &tags)
}

fn launch(account: &Account, region: &str, tags: &[(&str, &str)]) -> Result<String, AwsError> {
    let tags: Vec<_> = tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect();
    let specification = |kind: &str| TagSpecification { resource_type: kind.to_owned(), tags: tags.clone() };
    let request = RunInstancesRequest {
        image_id: Some("ami-0bbbbbbbbbbbbbbbb".to_owned()),
        instance_type: Some("t4g.nano".to_owned()),
        tag_specifications: vec![specification("instance"), specification("volume")],
        ..RunInstancesRequest::default()
    };
    let reservation = account.ec2.run_instances(region, &request)?;
    Ok(reservation.instances.into_iter().map(|instance| instance.instance_id).next().unwrap_or_default())
}
