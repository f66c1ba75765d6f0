//! EC2: instances and volumes.

use ec2_ops::ids::{InstanceId, Region, VolumeId};
use ec2_ops::ports::{
    Instance, InstanceState, Instances, Kind, Launch, ShutdownBehavior, Volume, Volumes, time_of_call,
};
use ec2_ops::tags::Tags;

use super::{Answer, Gate, PAGE, Part, Ports, all_pages, refused, unexpected};
use ec2_ops_sandbox::AwsError;
use ec2_ops_sandbox::ec2::api::{self, Filter};
use ec2_ops_sandbox::iam::On;

impl<G: Gate> Instances for Ports<G> {
    async fn launch(&self, region: &Region, launch: &Launch) -> Answer<Instance> {
        let request = run_instances(launch).map_err(|error| refused("RunInstances", error))?;
        let effect = || self.account.ec2.run_instances(region.as_str(), &request);
        let reservation = self.call(region.as_str(), "RunInstances", On::Launch(&request), effect).await?;
        let launched = reservation.instances.first().map(|launched| self.instance(launched));
        launched.ok_or_else(|| unexpected("RunInstances", "no instance"))
    }

    async fn describe(&self, region: &Region, id: &InstanceId) -> Answer<Option<Instance>> {
        let request =
            api::DescribeInstancesRequest { instance_ids: vec![id.to_string()], ..Default::default() };
        match self.instances(region, &request).await {
            Ok((found, _)) => Ok(found.into_iter().next()),
            Err(error) if error.code == "InvalidInstanceID.NotFound" => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn find(&self, region: &Region, tags: &Tags) -> Answer<Vec<Instance>> {
        all_pages(|next_token| async {
            let (filters, max_results) = (filters(tags), Some(PAGE));
            let request =
                api::DescribeInstancesRequest { filters, max_results, next_token, ..Default::default() };
            self.instances(region, &request).await
        })
        .await
    }

    async fn stop(&self, region: &Region, id: &InstanceId) -> Answer<InstanceState> {
        let request = api::StopInstancesRequest { instance_ids: vec![id.to_string()], ..Default::default() };
        let effect = || self.account.ec2.stop_instances(region.as_str(), &request);
        let changed = self
            .call(region.as_str(), "StopInstances", On::Instance(id.as_str()), effect)
            .await?
            .stopping_instances;
        changed.first().map(current_state).ok_or_else(|| unexpected("StopInstances", "no instance"))
    }

    async fn terminate(&self, region: &Region, id: &InstanceId) -> Answer<InstanceState> {
        let request =
            api::TerminateInstancesRequest { instance_ids: vec![id.to_string()], ..Default::default() };
        let effect = || self.account.ec2.terminate_instances(region.as_str(), &request);
        let changed = self
            .call(region.as_str(), "TerminateInstances", On::Instance(id.as_str()), effect)
            .await?
            .terminating_instances;
        changed.first().map(current_state).ok_or_else(|| unexpected("TerminateInstances", "no instance"))
    }
}

impl<G: Gate> Ports<G> {
    /// One page, and the token of the next.
    async fn instances(
        &self,
        region: &Region,
        request: &api::DescribeInstancesRequest,
    ) -> Answer<(Vec<Instance>, Option<String>)> {
        let effect = || self.account.ec2.describe_instances(region.as_str(), request);
        let answer = self.call(region.as_str(), "DescribeInstances", On::Anything("ec2"), effect).await?;
        let instances = answer.reservations.iter().flat_map(|reservation| &reservation.instances);
        Ok((instances.map(|described| self.instance(described)).collect(), answer.next_token))
    }

    fn instance(&self, described: &api::Instance) -> Instance {
        let known = !self.gate.loses(Part::InstanceFacts(&described.instance_id));
        let kind = || Kind {
            instance_type: Some(described.instance_type.clone()),
            zone: described.placement.availability_zone.clone(),
            architecture: Some(described.architecture.clone()),
            image: Some(described.image_id.clone()),
        };
        Instance {
            id: InstanceId::new(&described.instance_id),
            state: state(described.state),
            state_reason: described.state_reason.as_ref().map(|reason| reason.code.clone()),
            spot: described.instance_lifecycle.as_deref() == Some("spot"),
            // Every image of the sandbox is Linux.
            windows: false,
            launched_at: known.then_some(described.launch_time),
            told_to_end_at: time_of_call(&described.state_transition_reason).filter(|_| known),
            kind: if known { kind() } else { Kind::default() },
            tags: tags(&described.tags),
        }
    }
}

impl<G: Gate> Volumes for Ports<G> {
    async fn find(&self, region: &Region, tags: &Tags) -> Answer<Vec<Volume>> {
        all_pages(|next_token| async {
            let (filters, max_results) = (filters(tags), Some(PAGE));
            let request =
                api::DescribeVolumesRequest { filters, max_results, next_token, ..Default::default() };
            let effect = || self.account.ec2.describe_volumes(region.as_str(), &request);
            let answer = self.call(region.as_str(), "DescribeVolumes", On::Anything("ec2"), effect).await?;
            Ok((answer.volumes.iter().map(volume).collect(), answer.next_token))
        })
        .await
    }

    async fn detach(&self, region: &Region, id: &VolumeId) -> Answer<()> {
        let request = api::DetachVolumeRequest { volume_id: id.to_string(), ..Default::default() };
        let effect = || self.account.ec2.detach_volume(region.as_str(), &request).map(drop);
        self.call(region.as_str(), "DetachVolume", On::Attachment(id.as_str()), effect).await
    }

    async fn delete(&self, region: &Region, id: &VolumeId) -> Answer<()> {
        let request = api::DeleteVolumeRequest { volume_id: id.to_string(), ..Default::default() };
        let effect = || self.account.ec2.delete_volume(region.as_str(), &request).map(drop);
        self.call(region.as_str(), "DeleteVolume", On::Volume(id.as_str()), effect).await
    }
}

/// The document's parameters are in AWS's own shape, so what the model does not know of them it refuses by name.
fn run_instances(launch: &Launch) -> Result<api::RunInstancesRequest, AwsError> {
    let invalid = |error: serde_json::Error| AwsError::client("InvalidParameterValue", error.to_string());
    let parameters = serde_json::to_value(&launch.parameters).map_err(invalid)?;
    let mut request: api::RunInstancesRequest = serde_json::from_value(parameters).map_err(invalid)?;
    (request.min_count, request.max_count) = (Some(1), Some(1));
    request.client_token = Some(launch.client_token.clone());
    let behavior = match launch.shutdown_behavior {
        ShutdownBehavior::Stop => "stop",
        ShutdownBehavior::Terminate => "terminate",
    };
    request.instance_initiated_shutdown_behavior = Some(behavior.to_owned());
    Ok(request)
}

fn filters(tags: &Tags) -> Vec<Filter> {
    tags.iter().map(|(key, value)| Filter::new(format!("tag:{key}"), [value])).collect()
}

fn tags(tags: &[api::Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

fn current_state(change: &api::InstanceStateChange) -> InstanceState {
    state(change.current_state)
}

fn state(state: api::InstanceState) -> InstanceState {
    use api::InstanceStateName as Name;
    match state.name {
        Name::Pending => InstanceState::Pending,
        Name::Running => InstanceState::Running,
        Name::Stopping => InstanceState::Stopping,
        Name::Stopped => InstanceState::Stopped,
        Name::ShuttingDown => InstanceState::ShuttingDown,
        Name::Terminated => InstanceState::Terminated,
    }
}

fn volume(described: &api::Volume) -> Volume {
    Volume {
        id: VolumeId::new(&described.volume_id),
        attached_to: described.attachments.first().map(|attachment| InstanceId::new(&attachment.instance_id)),
        deleting: described.state == api::VolumeState::Deleting,
        tags: tags(&described.tags),
    }
}
