//! EC2 instances: launch, describe, end.

use std::fmt;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws_error::AwsError;
use crate::document::InstanceParameters;
use crate::ids::{InstanceId, Region};
use crate::step::Market;
use crate::tags::Tags;

/// EC2 instances: launch, describe, end.
pub trait Instances: Send + Sync {
    /// `RunInstances`, for one instance. A repetition with the same client token returns the same instance.
    fn launch(
        &self,
        region: &Region,
        launch: &Launch,
    ) -> impl Future<Output = Result<Instance, AwsError>> + Send;

    /// `DescribeInstances` by id; `None` if EC2 does not show the instance, because it is too new or long gone.
    fn describe(
        &self,
        region: &Region,
        id: &InstanceId,
    ) -> impl Future<Output = Result<Option<Instance>, AwsError>> + Send;

    /// `DescribeInstances` by tags, every page. It includes terminated instances for as long as EC2 shows them.
    fn find(
        &self,
        region: &Region,
        tags: &Tags,
    ) -> impl Future<Output = Result<Vec<Instance>, AwsError>> + Send;

    /// `StopInstances`; returns the state that the instance is in now.
    fn stop(
        &self,
        region: &Region,
        id: &InstanceId,
    ) -> impl Future<Output = Result<InstanceState, AwsError>> + Send;

    /// `TerminateInstances`; returns the state that the instance is in now.
    fn terminate(
        &self,
        region: &Region,
        id: &InstanceId,
    ) -> impl Future<Output = Result<InstanceState, AwsError>> + Send;
}

/// An instance to launch.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// `ClientToken`.
    pub client_token: String,
    /// The RunInstances arguments, complete and in the same order at every repetition.
    pub parameters: InstanceParameters,
    /// `InstanceInitiatedShutdownBehavior`.
    pub shutdown_behavior: ShutdownBehavior,
}

/// What happens to an instance that is shut down from within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownBehavior {
    /// It stops.
    Stop,
    /// It is terminated.
    Terminate,
}

/// An EC2 instance as `DescribeInstances` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `InstanceId`.
    pub id: InstanceId,
    /// `State.Name`.
    pub state: InstanceState,
    /// `StateReason.Code`, for example `Server.SpotInstanceTermination`.
    pub state_reason: Option<String>,
    /// Whether `InstanceLifecycle` is `spot`.
    pub spot: bool,
    /// Whether `Platform` is `windows`. It has no other value.
    pub windows: bool,
    /// `LaunchTime`, if EC2 says.
    pub launched_at: Option<Timestamp>,
    /// When a call told it to end: [`time_of_call`] in `StateTransitionReason`.
    pub told_to_end_at: Option<Timestamp>,
    /// `InstanceType`, `Placement.AvailabilityZone`, `Architecture` and `ImageId`, as far as EC2 says.
    pub kind: Kind,
    /// `Tags`.
    pub tags: Tags,
}

/// What an instance is. It only explains, so every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// `InstanceType`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// `Placement.AvailabilityZone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// `Architecture`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// `ImageId`: of a document's `resolve:ssm:NAME` the image that it stood for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Instance {
    /// How it was bought.
    pub(crate) fn market(&self) -> Market {
        if self.spot { Market::Spot } else { Market::OnDemand }
    }
}

/// The time in a `StateTransitionReason`, which has one if a call ended the instance: `User initiated (2026-03-01 06:00:00
/// GMT)`. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html#troubleshooting-launch-internal>.
pub fn time_of_call(state_transition_reason: &str) -> Option<Timestamp> {
    let (_, time) = state_transition_reason.split_once('(')?;
    let (date, time) = time.strip_suffix(" GMT)")?.split_once(' ')?;
    format!("{date}T{time}Z").parse().ok()
}

/// EC2's instance states. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// Being launched, or started again.
    Pending,
    /// Running; billed.
    Running,
    /// Being stopped.
    Stopping,
    /// Stopped; its volumes remain.
    Stopped,
    /// Being terminated: not billed, and it cannot come back.
    ShuttingDown,
    /// Gone.
    Terminated,
}

impl InstanceState {
    /// Whether the instance runs, or will soon.
    pub(crate) fn is_alive(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }

    /// AWS's name of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
        }
    }

    /// Parses AWS's name of a state.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Running, Self::Stopping, Self::Stopped, Self::ShuttingDown, Self::Terminated]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_leaves_its_time_in_the_reason() {
        let called = time_of_call("User initiated (2026-03-01 06:00:07 GMT)");
        assert_eq!(called, Some("2026-03-01T06:00:07Z".parse().unwrap()));
        for reason in ["", "Server.SpotInstanceTermination", "Instance initiated shutdown", "(soon GMT)"] {
            assert_eq!(time_of_call(reason), None, "{reason}");
        }
    }
}
