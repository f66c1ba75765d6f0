//! EC2: instances and their volumes.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, InstanceLifecycleType, InstanceStateChange, Reservation, VolumeState};
use aws_types::SdkConfig;
use ec2_ops::AwsError;
use ec2_ops::ids::{InstanceId, Region, VolumeId};
use ec2_ops::ports::{Instance, InstanceState, Instances, Kind, Launch, Volume, Volumes, time_of_call};
use ec2_ops::tags::Tags;

use crate::error::{aws_error, timestamp, unexpected};
use crate::regional::Regional;

mod catalog;
mod run_instances;

/// EC2 in any region.
#[derive(Debug)]
pub struct Ec2(Regional<Client>);

impl Ec2 {
    /// EC2 with the credentials and limits of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        Self(Regional::new(config, Client::new))
    }
}

impl Instances for Ec2 {
    async fn launch(&self, region: &Region, launch: &Launch) -> Result<Instance, AwsError> {
        const ACTION: &str = "RunInstances";
        let answer = run_instances::input(launch.clone()).send_with(&self.0.of(region)).await;
        let launched = answer.map_err(aws_error(ACTION))?.instances.unwrap_or_default();
        match launched.as_slice() {
            [one] => instance(ACTION, one),
            others => Err(unexpected(ACTION, format!("{} instances instead of one", others.len()))),
        }
    }

    async fn describe(&self, region: &Region, id: &InstanceId) -> Result<Option<Instance>, AwsError> {
        const ACTION: &str = "DescribeInstances";
        let request = self.0.of(region).describe_instances().instance_ids(id.as_str());
        let answer = match request.send().await.map_err(aws_error(ACTION)) {
            Err(error) if error.code == "InvalidInstanceID.NotFound" => return Ok(None),
            answer => answer?,
        };
        let mut instances = answer.reservations().iter().flat_map(Reservation::instances);
        instances.next().map(|found| instance(ACTION, found)).transpose()
    }

    async fn find(&self, region: &Region, tags: &Tags) -> Result<Vec<Instance>, AwsError> {
        const ACTION: &str = "DescribeInstances";
        let request = self.0.of(region).describe_instances().set_filters(Some(filters(tags)));
        let mut reservations = request.into_paginator().page_size(PAGE).items().send();
        let mut found = Vec::new();
        while let Some(reservation) = reservations.next().await {
            for one in reservation.map_err(aws_error(ACTION))?.instances() {
                found.push(instance(ACTION, one)?);
            }
        }
        Ok(found)
    }

    async fn stop(&self, region: &Region, id: &InstanceId) -> Result<InstanceState, AwsError> {
        const ACTION: &str = "StopInstances";
        let request = self.0.of(region).stop_instances().instance_ids(id.as_str());
        let answer = request.send().await.map_err(aws_error(ACTION))?;
        changed(ACTION, answer.stopping_instances())
    }

    async fn terminate(&self, region: &Region, id: &InstanceId) -> Result<InstanceState, AwsError> {
        const ACTION: &str = "TerminateInstances";
        let request = self.0.of(region).terminate_instances().instance_ids(id.as_str());
        let answer = request.send().await.map_err(aws_error(ACTION))?;
        changed(ACTION, answer.terminating_instances())
    }
}

impl Volumes for Ec2 {
    async fn find(&self, region: &Region, tags: &Tags) -> Result<Vec<Volume>, AwsError> {
        const ACTION: &str = "DescribeVolumes";
        let request = self.0.of(region).describe_volumes().set_filters(Some(filters(tags)));
        let mut volumes = request.into_paginator().page_size(PAGE).items().send();
        let mut found = Vec::new();
        while let Some(one) = volumes.next().await {
            found.push(volume(ACTION, &one.map_err(aws_error(ACTION))?)?);
        }
        Ok(found)
    }

    async fn detach(&self, region: &Region, id: &VolumeId) -> Result<(), AwsError> {
        let request = self.0.of(region).detach_volume().volume_id(id.as_str());
        request.send().await.map(drop).map_err(aws_error("DetachVolume"))
    }

    async fn delete(&self, region: &Region, id: &VolumeId) -> Result<(), AwsError> {
        let request = self.0.of(region).delete_volume().volume_id(id.as_str());
        request.send().await.map(drop).map_err(aws_error("DeleteVolume"))
    }
}

/// Items per page. Without a page size, EC2 may time out and throttles sooner. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>.
const PAGE: i32 = 1000;

fn filters(tags: &Tags) -> Vec<Filter> {
    tags.iter()
        .map(|(key, value)| Filter::builder().name(format!("tag:{key}")).values(value).build())
        .collect()
}

fn instance(action: &'static str, found: &aws_sdk_ec2::types::Instance) -> Result<Instance, AwsError> {
    let id = found.instance_id().ok_or_else(|| unexpected(action, "an instance without an InstanceId"))?;
    Ok(Instance {
        id: InstanceId::new(id),
        // A state that AWS has not documented does not prove that the instance has ended.
        state: state(action, found.state()).unwrap_or(InstanceState::Running),
        state_reason: found.state_reason().and_then(|reason| reason.code()).map(str::to_owned),
        spot: found.instance_lifecycle() == Some(&InstanceLifecycleType::Spot),
        // EC2 writes it in lower case, its model in upper case.
        windows: found.platform().is_some_and(|platform| platform.as_str().eq_ignore_ascii_case("windows")),
        launched_at: found.launch_time().and_then(timestamp),
        kind: Kind {
            instance_type: found.instance_type().map(|kind| kind.as_str().to_owned()),
            zone: found.placement().and_then(|placement| placement.availability_zone()).map(str::to_owned),
            image: found.image_id().map(str::to_owned),
            architecture: found.architecture().map(|name| name.as_str().to_owned()),
        },
        told_to_end_at: found.state_transition_reason().and_then(time_of_call),
        tags: tags(found.tags()),
    })
}

fn volume(action: &'static str, found: &aws_sdk_ec2::types::Volume) -> Result<Volume, AwsError> {
    let id = found.volume_id().ok_or_else(|| unexpected(action, "a volume without a VolumeId"))?;
    let attached_to = found.attachments().iter().find_map(|attachment| attachment.instance_id());
    Ok(Volume {
        id: VolumeId::new(id),
        attached_to: attached_to.map(InstanceId::new),
        deleting: matches!(found.state(), Some(VolumeState::Deleting | VolumeState::Deleted)),
        tags: tags(found.tags()),
    })
}

fn changed(action: &'static str, changes: &[InstanceStateChange]) -> Result<InstanceState, AwsError> {
    match changes {
        [change] => state(action, change.current_state()),
        others => Err(unexpected(action, format!("{} instances instead of one", others.len()))),
    }
}

fn state(
    action: &'static str,
    found: Option<&aws_sdk_ec2::types::InstanceState>,
) -> Result<InstanceState, AwsError> {
    let word = found.and_then(|state| state.name()).map_or("", |name| name.as_str());
    InstanceState::parse(word).ok_or_else(|| unexpected(action, format!("unknown instance state {word:?}")))
}

fn tags(found: &[aws_sdk_ec2::types::Tag]) -> Tags {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    found.iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}

#[cfg(test)]
mod tests;
