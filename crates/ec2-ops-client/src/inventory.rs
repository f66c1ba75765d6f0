//! What all executions of the deployment have in EC2.

use aws_sdk_ec2::types::{InstanceStateName, InstanceType};
use ec2_ops::tags;
use jiff::Timestamp;

use crate::instances::{is_spot, of_execution, tag};
use crate::time::timestamp;
use crate::{Client, Error};

/// An instance that the deployment has launched, as long as EC2 shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its region.
    pub region: String,
    /// Its zone.
    pub zone: String,
    /// EC2's name of its state, `shutting-down`.
    pub state: String,
    /// Its type.
    pub instance_type: String,
    /// How it was bought: `spot` or `on-demand`.
    pub market: &'static str,
    /// When EC2 launched it.
    pub launched: Option<Timestamp>,
    /// The ARN of its execution.
    pub execution: String,
    /// The number of its attempt.
    pub attempt: Option<u32>,
}

impl Instance {
    /// Whether it costs by the second.
    pub fn is_running(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "running")
    }

    fn read(found: &aws_sdk_ec2::types::Instance, region: &str) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(found.instance_id()),
            region: region.to_owned(),
            zone: text(found.placement().and_then(|placement| placement.availability_zone())),
            state: text(found.state().and_then(|state| state.name()).map(InstanceStateName::as_str)),
            instance_type: text(found.instance_type().map(InstanceType::as_str)),
            market: if is_spot(found) { "spot" } else { "on-demand" },
            launched: found.launch_time().map(timestamp),
            execution: text(tag(found.tags(), tags::EXECUTION)),
            attempt: tag(found.tags(), tags::ATTEMPT).and_then(|number| number.parse().ok()),
        }
    }
}

/// A volume that a launch of the deployment has created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its id.
    pub id: String,
    /// Its region.
    pub region: String,
    /// EC2's name of its state, `in-use`.
    pub state: String,
    /// Its size, in GiB.
    pub size: i32,
    /// The instance that it is attached to.
    pub instance: Option<String>,
}

impl Client {
    /// The instances that executions of this state machine have in `region`: all, or those of the one with that ARN.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn instances(&self, region: &str, arn: Option<&str>) -> Result<Vec<Instance>, Error> {
        let pattern = arn.map_or_else(|| self.execution_arn("*"), str::to_owned);
        let instances = self.instances_with(of_execution(&pattern), region).await?;
        Ok(instances.iter().map(|instance| Instance::read(instance, region)).collect())
    }

    /// The volumes of the execution with that ARN in `region`, but those that are deleted.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn volumes_left_by(&self, arn: &str, region: &str) -> Result<Vec<Volume>, Error> {
        let read = |volume: &aws_sdk_ec2::types::Volume| {
            let attached = volume.attachments().first().and_then(|attachment| attachment.instance_id());
            Volume {
                id: volume.volume_id().unwrap_or_default().to_owned(),
                region: region.to_owned(),
                state: volume.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
                size: volume.size().unwrap_or_default(),
                instance: attached.map(str::to_owned),
            }
        };
        Ok(self.volumes_of(arn, region).await?.iter().map(read).collect())
    }

    /// Stops an instance past the state machine, as a person at EC2's console can.
    ///
    /// # Errors
    /// Where EC2 refuses it, or gives no answer.
    pub async fn stop_instance(&self, region: &str, instance: &str) -> Result<(), Error> {
        let call = self.ec2(region).stop_instances().instance_ids(instance);
        call.send().await.map_err(|error| Error::of_call("StopInstances", &error))?;
        Ok(())
    }
}
