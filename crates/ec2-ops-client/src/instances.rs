//! What an execution has in EC2.

use std::fmt;

use aws_sdk_ec2::types::{
    Filter, Instance, InstanceLifecycleType, InstanceStateName, InstanceType, ResourceType, Tag,
    TagSpecification, Volume, VolumeState,
};
use ec2_ops::tags::{self, Tags};

use crate::{Client, Error};

/// What an execution has in EC2, by what it costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The instances that cost by the second: `pending` and `running`.
    pub running: Vec<String>,
    /// Instances and volumes on their way to an end: `stopping`, `shutting-down`, `deleting`.
    pub ending: Vec<String>,
    /// The instances that are stopped: their volumes cost.
    pub stopped: Vec<String>,
    /// The volumes that no instance has any more.
    pub volumes: Vec<String>,
}

impl Left {
    /// Whether nothing changes by itself: nothing runs, and nothing is on its way to an end.
    pub fn is_settled(&self) -> bool {
        self.running.is_empty() && self.ending.is_empty()
    }
}

/// A sentence for people.
impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = [
            ("running", &self.running),
            ("ending", &self.ending),
            ("stopped, its volumes are kept", &self.stopped),
            ("a volume of its own", &self.volumes),
        ];
        let named = |(state, ids): (&'static str, &Vec<String>)| {
            ids.iter().map(|id| format!("{id} ({state})")).collect::<Vec<_>>()
        };
        let parts: Vec<_> = groups.into_iter().flat_map(named).collect();
        if parts.is_empty() {
            f.write_str("nothing is left")
        } else {
            write!(f, "left: {}", parts.join(", "))
        }
    }
}

/// An instance that is launched past the state machine.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    /// Where.
    pub region: &'a str,
    /// The image: an id, or `resolve:ssm:NAME`.
    pub image: &'a str,
    /// The type.
    pub instance_type: &'a str,
    /// The subnet; one of the default VPC if there is none.
    pub subnet: Option<&'a str>,
    /// The tags of the instance and of its volumes.
    pub tags: Tags,
}

impl Client {
    /// Launches an instance. Returns its id.
    ///
    /// # Errors
    /// Where EC2 refuses it, or gives no answer.
    pub async fn launch(&self, launch: &Launch<'_>) -> Result<String, Error> {
        let tagged = |kind: ResourceType| {
            let tags = launch.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
            TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
        };
        let call = self.ec2(launch.region).run_instances().min_count(1).max_count(1);
        let call = call
            .image_id(launch.image)
            .instance_type(InstanceType::from(launch.instance_type))
            .set_subnet_id(launch.subnet.map(str::to_owned))
            .tag_specifications(tagged(ResourceType::Instance))
            .tag_specifications(tagged(ResourceType::Volume));
        let launched = call.send().await.map_err(|error| Error::of_call("RunInstances", &error))?;
        let id = launched.instances().first().and_then(|instance| instance.instance_id());
        Ok(id.unwrap_or_default().to_owned())
    }

    /// Terminates instances.
    ///
    /// # Errors
    /// Where EC2 refuses it, or gives no answer.
    pub async fn terminate(&self, region: &str, instances: &[String]) -> Result<(), Error> {
        let call = self.ec2(region).terminate_instances().set_instance_ids(Some(instances.to_vec()));
        call.send().await.map_err(|error| Error::of_call("TerminateInstances", &error))?;
        Ok(())
    }

    /// What EC2 has of the execution with that ARN in `region`.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn left(&self, arn: &str, region: &str) -> Result<Left, Error> {
        self.left_of(arn, |_| true, region).await
    }

    /// What EC2 has in `region` of the executions whose ARN matches `pattern`, in which `*` stands for any text, and that are
    /// `ours`.
    pub(crate) async fn left_of(
        &self,
        pattern: &str,
        ours: impl Fn(&str) -> bool,
        region: &str,
    ) -> Result<Left, Error> {
        let ours = |of: &[Tag]| tag(of, tags::EXECUTION).is_some_and(&ours);
        let mut left = Left::default();
        let instances = self.instances_with(of_execution(pattern), region).await?;
        for instance in instances.iter().filter(|instance| ours(instance.tags())) {
            let group = match instance.state().and_then(|state| state.name()) {
                Some(InstanceStateName::Terminated) => continue,
                Some(InstanceStateName::Stopped) => &mut left.stopped,
                Some(InstanceStateName::Stopping | InstanceStateName::ShuttingDown) => &mut left.ending,
                _ => &mut left.running,
            };
            group.push(instance.instance_id().unwrap_or("an instance without an id").to_owned());
        }
        for volume in self.volumes_of(pattern, region).await?.iter().filter(|volume| ours(volume.tags())) {
            let (id, state) = id_and_state(volume);
            match state {
                // The instance of a volume in use speaks for it.
                VolumeState::InUse => {}
                VolumeState::Deleting => left.ending.push(id),
                _ => left.volumes.push(id),
            }
        }
        Ok(left)
    }

    /// The instances in `region` that `filter` finds, as EC2 describes them.
    pub(crate) async fn instances_with(&self, filter: Filter, region: &str) -> Result<Vec<Instance>, Error> {
        let mut pages = self.ec2(region).describe_instances().filters(filter).into_paginator().send();
        let mut instances = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of_call("DescribeInstances", &error))?;
            let reservations = page.reservations.unwrap_or_default().into_iter();
            instances.extend(reservations.flat_map(|reservation| reservation.instances.unwrap_or_default()));
        }
        Ok(instances)
    }

    /// The volumes that the execution with that ARN has in `region`, with their states.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn volumes(&self, arn: &str, region: &str) -> Result<Vec<(String, VolumeState)>, Error> {
        Ok(self.volumes_of(arn, region).await?.iter().map(id_and_state).collect())
    }

    /// The volumes in `region` of the executions whose ARN matches `pattern`.
    pub(crate) async fn volumes_of(&self, pattern: &str, region: &str) -> Result<Vec<Volume>, Error> {
        let ec2 = self.ec2(region);
        let pages = ec2.describe_volumes().filters(of_execution(pattern)).into_paginator();
        let all = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let mut volumes = all.map_err(|error| Error::of_call("DescribeVolumes", &error))?;
        volumes.retain(|volume| volume.state() != Some(&VolumeState::Deleted));
        Ok(volumes)
    }

    /// Whether `instance` in `region` is shutting down, or is gone. One that is not visible yet is not.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn is_ending(&self, region: &str, instance: &str) -> Result<bool, Error> {
        let call = self.ec2(region).describe_instances().instance_ids(instance);
        let answer = match call.send().await.map_err(|error| Error::of_call("DescribeInstances", &error)) {
            Err(error) if error.code() == Some("InvalidInstanceID.NotFound") => return Ok(false),
            answer => answer?,
        };
        let reservations = answer.reservations().iter();
        let mut instances = reservations.flat_map(aws_sdk_ec2::types::Reservation::instances);
        let state = instances.next().and_then(|instance| instance.state()?.name());
        Ok(matches!(state, Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated)))
    }
}

pub(crate) fn of_execution(pattern: &str) -> Filter {
    Filter::builder().name(format!("tag:{}", tags::EXECUTION)).values(pattern).build()
}

/// The value of a tag.
pub(crate) fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key() == Some(key))?.value()
}

/// Whether it was bought on Spot.
pub(crate) fn is_spot(instance: &Instance) -> bool {
    instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot)
}

fn id_and_state(volume: &Volume) -> (String, VolumeState) {
    let id = volume.volume_id().unwrap_or("a volume without an id").to_owned();
    (id, volume.state().cloned().unwrap_or(VolumeState::Available))
}
