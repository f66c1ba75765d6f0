//! What an execution has in EC2.

use std::fmt;

use aws_sdk_ec2::types::{Filter, InstanceStateName, VolumeState};
use ec2_ops::tags;

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

impl Client {
    /// What EC2 has of the execution with that ARN in `region`.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn left(&self, arn: &str, region: &str) -> Result<Left, Error> {
        let mut left = Left::default();
        let ec2 = self.ec2(region);
        let mut pages = ec2.describe_instances().filters(of_execution(arn)).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of_call("DescribeInstances", &error))?;
            let reservations = page.reservations().iter();
            for instance in reservations.flat_map(aws_sdk_ec2::types::Reservation::instances) {
                let group = match instance.state().and_then(|state| state.name()) {
                    Some(InstanceStateName::Terminated) => continue,
                    Some(InstanceStateName::Stopped) => &mut left.stopped,
                    Some(InstanceStateName::Stopping | InstanceStateName::ShuttingDown) => &mut left.ending,
                    _ => &mut left.running,
                };
                group.push(instance.instance_id().unwrap_or("an instance without an id").to_owned());
            }
        }
        let mut pages = ec2.describe_volumes().filters(of_execution(arn)).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of_call("DescribeVolumes", &error))?;
            for volume in page.volumes() {
                let group = match volume.state() {
                    // The instance of a volume in use speaks for it.
                    Some(VolumeState::Deleted | VolumeState::InUse) => continue,
                    Some(VolumeState::Deleting) => &mut left.ending,
                    _ => &mut left.volumes,
                };
                group.push(volume.volume_id().unwrap_or("a volume without an id").to_owned());
            }
        }
        Ok(left)
    }
}

fn of_execution(arn: &str) -> Filter {
    Filter::builder().name(format!("tag:{}", tags::EXECUTION)).values(arn).build()
}
