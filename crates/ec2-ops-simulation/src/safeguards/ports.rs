//! Safeguards of the steps: what they ask of AWS, and what they believe of its answers.

use std::ops::Range;

use ec2_ops::AwsError;
use ec2_ops::ids::{AttemptId, CommandId, ExecutionId, InstanceId, Region, VolumeId};
use ec2_ops::ports::{
    Agents, Clock, Command, Commands, FleetResults, Instance, InstanceState, Instances, Invocation, Launch,
    Ledger, Object, Objects, OutputTarget, SentCommand, Volume, Volumes,
};
use ec2_ops::tags::{self, Tags};
use jiff::Timestamp;

use super::safeguard::Safeguard;

/// Ports that lack one safeguard.
pub(crate) struct WithoutSafeguard<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) without: Option<Safeguard>,
    /// A text that differs between invocations.
    pub(crate) nonce: &'a str,
}

impl<P> WithoutSafeguard<'_, P> {
    fn lacks(&self, safeguard: Safeguard) -> bool {
        self.without == Some(safeguard)
    }
}

impl<P: Clock> Clock for WithoutSafeguard<'_, P> {
    fn now(&self) -> Timestamp {
        self.ports.now()
    }
}

impl<P: Instances> Instances for WithoutSafeguard<'_, P> {
    async fn launch(&self, region: &Region, launch: &Launch) -> Result<Instance, AwsError> {
        let mut launch = launch.clone();
        if self.lacks(Safeguard::ClientToken) {
            self.nonce.clone_into(&mut launch.client_token);
        }
        if self.lacks(Safeguard::CandidateInToken)
            && let Some(attempt) = attempt_of(&launch)
        {
            launch.client_token = attempt.client_token(0);
        }
        if self.lacks(Safeguard::Tags) {
            launch.parameters.tag_specifications = None;
        }
        self.ports.launch(region, &launch).await
    }

    async fn describe(&self, region: &Region, id: &InstanceId) -> Result<Option<Instance>, AwsError> {
        if self.lacks(Safeguard::InstanceState) {
            return Ok(None);
        }
        self.ports.describe(region, id).await
    }

    async fn find(&self, region: &Region, tags: &Tags) -> Result<Vec<Instance>, AwsError> {
        Instances::find(self.ports, region, tags).await
    }

    async fn stop(&self, region: &Region, id: &InstanceId) -> Result<InstanceState, AwsError> {
        self.ports.stop(region, id).await
    }

    async fn terminate(&self, region: &Region, id: &InstanceId) -> Result<InstanceState, AwsError> {
        self.ports.terminate(region, id).await
    }
}

/// The attempt that the tags of a launch name.
fn attempt_of(launch: &Launch) -> Option<AttemptId> {
    let tags = &launch.parameters.tag_specifications.as_ref()?.first()?.tags;
    let value = |key: &str| tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
    Some(AttemptId {
        execution: ExecutionId::new(value(tags::EXECUTION)?),
        attempt: value(tags::ATTEMPT)?.parse().ok()?,
    })
}

impl<P: Volumes> Volumes for WithoutSafeguard<'_, P> {
    async fn find(&self, region: &Region, tags: &Tags) -> Result<Vec<Volume>, AwsError> {
        Volumes::find(self.ports, region, tags).await
    }

    async fn detach(&self, region: &Region, id: &VolumeId) -> Result<(), AwsError> {
        self.ports.detach(region, id).await
    }

    async fn delete(&self, region: &Region, id: &VolumeId) -> Result<(), AwsError> {
        self.ports.delete(region, id).await
    }
}

impl<P: Agents> Agents for WithoutSafeguard<'_, P> {
    async fn online(&self, region: &Region, id: &InstanceId) -> Result<bool, AwsError> {
        self.ports.online(region, id).await
    }
}

impl<P: Commands> Commands for WithoutSafeguard<'_, P> {
    async fn send(&self, region: &Region, command: &Command) -> Result<SentCommand, AwsError> {
        let mut command = command.clone();
        if self.lacks(Safeguard::Deadline) {
            command.script = command.script.replace(" deadline=", " no_deadline=");
        }
        self.ports.send(region, &command).await
    }

    async fn find(
        &self,
        region: &Region,
        instance: &InstanceId,
        comment: &str,
    ) -> Result<Vec<SentCommand>, AwsError> {
        if self.lacks(Safeguard::LookBeforeSend) {
            return Ok(Vec::new());
        }
        Commands::find(self.ports, region, instance, comment).await
    }

    async fn invocation(
        &self,
        region: &Region,
        instance: &InstanceId,
        command: &CommandId,
    ) -> Result<Option<Invocation>, AwsError> {
        self.ports.invocation(region, instance, command).await
    }
}

impl<P: Objects + Clock> Objects for WithoutSafeguard<'_, P> {
    async fn bucket_exists(&self, region: &Region, bucket: &str) -> Result<bool, AwsError> {
        self.ports.bucket_exists(region, bucket).await
    }

    async fn newest(
        &self,
        region: &Region,
        target: &OutputTarget,
        enough: Timestamp,
    ) -> Result<Option<Object>, AwsError> {
        let mut newest = self.ports.newest(region, target, enough).await?;
        if let Some(object) = newest.as_mut().filter(|_| self.lacks(Safeguard::Freshness)) {
            object.last_modified = self.ports.now();
        }
        Ok(newest)
    }
}

impl<P: FleetResults> FleetResults for WithoutSafeguard<'_, P> {
    async fn read(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<Vec<u8>, AwsError> {
        self.ports.read(region, bucket, key, range).await
    }

    async fn write(&self, region: &Region, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        self.ports.write(region, bucket, key, body).await
    }
}

impl<P: Ledger> Ledger for WithoutSafeguard<'_, P> {
    async fn put_line(&self, region: &Region, bucket: &str, key: &str, line: &str) -> Result<(), AwsError> {
        if self.lacks(Safeguard::Ledger) {
            return Ok(());
        }
        self.ports.put_line(region, bucket, key, line).await
    }
}
