//! The core's words and the model's: requests one way, answers the other.

use ec2_ops::ids::{InstanceId, VolumeId};
use ec2_ops::ports::{Command, Instance, InstanceState, Launch, Object, ShutdownBehavior, Volume};
use ec2_ops::tags::Tags;
use jiff::Timestamp;

use crate::AwsError;
use crate::ec2::api::{self, Filter};
use crate::ssm::api as ssm;

/// The document's parameters are in AWS's own shape, so what the model does not know of them it refuses by name.
pub(super) fn run_instances(launch: &Launch) -> Result<api::RunInstancesRequest, AwsError> {
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

pub(super) fn send_command(command: &Command) -> ssm::SendCommandRequest {
    let timeout = command.execution_timeout.as_secs().to_string();
    ssm::SendCommandRequest {
        document_name: "AWS-RunShellScript".to_owned(),
        instance_ids: vec![command.instance.to_string()],
        parameters: [
            ("commands".to_owned(), vec![command.script.clone()]),
            ("executionTimeout".to_owned(), vec![timeout]),
        ]
        .into(),
        timeout_seconds: u32::try_from(command.delivery_timeout.as_secs()).ok(),
        comment: Some(command.comment.clone()),
        output_s3_bucket_name: command.logs.s3.as_ref().map(|s3| s3.bucket.clone()),
        output_s3_key_prefix: command.logs.s3.as_ref().map(|s3| s3.prefix.clone()),
        ..Default::default()
    }
}

pub(super) fn filters(tags: &Tags) -> Vec<Filter> {
    tags.iter().map(|(key, value)| Filter::new(format!("tag:{key}"), [value])).collect()
}

fn tags(tags: &[api::Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

pub(super) fn instance(described: &api::Instance) -> Instance {
    Instance {
        id: InstanceId::new(&described.instance_id),
        state: state(described.state),
        state_reason: described.state_reason.as_ref().map(|reason| reason.code.clone()),
        launched_at: described.launch_time,
        tags: tags(&described.tags),
    }
}

pub(super) fn current_state(change: &api::InstanceStateChange) -> InstanceState {
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

pub(super) fn volume(described: &api::Volume) -> Volume {
    Volume {
        id: VolumeId::new(&described.volume_id),
        attached_to: described.attachments.first().map(|attachment| InstanceId::new(&attachment.instance_id)),
        deleting: described.state == api::VolumeState::Deleting,
        tags: tags(&described.tags),
    }
}

/// S3 tells whole seconds.
pub(super) fn object(key: &str, found: &crate::s3::Object) -> Result<Object, ec2_ops::AwsError> {
    let last_modified = Timestamp::from_second(found.last_modified.as_second())
        .map_err(|error| super::unexpected("HeadObject", &error.to_string()))?;
    Ok(Object { key: key.to_owned(), last_modified, size: found.body.len() as u64 })
}
