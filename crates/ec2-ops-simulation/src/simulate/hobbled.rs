//! The same ports with one safeguard taken away: what no seed notices is not needed, or not tested.

use std::time::Duration;

use ec2_ops::AwsError;
use ec2_ops::ids::{CommandId, InstanceId, Region, VolumeId};
use ec2_ops::ports::{
    Agents, Clock, Command, Commands, Instance, InstanceState, Instances, Invocation, Launch, Object,
    Objects, OutputTarget, Volume, Volumes,
};
use ec2_ops::tags::Tags;
use jiff::Timestamp;
use serde_json::Value;

use ec2_ops_sandbox::deployment::Template;

/// Something that keeps a promise, and can be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safeguard {
    /// Net 1: every Catch leads to EC2Stopper.
    Catch,
    /// Net 2: the event of an abnormal end.
    AbnormalEnd,
    /// Net 3: the sweeper.
    Sweeper,
    /// Net 4: the instance's own deadline.
    Deadline,
    /// The ClientToken of RunInstances.
    ClientToken,
    /// The tags in the launch call.
    Tags,
    /// The look before SendCommand.
    LookBeforeSend,
    /// The script's claim on its attempt.
    Claim,
    /// The freshness of the output.
    Freshness,
    /// The poll that makes up for a lost event.
    PollFallback,
    /// The look at the instance.
    InstanceState,
}

impl Safeguard {
    /// Every safeguard, with the name that the command line has for it.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Catch, "catch"),
        (Self::AbnormalEnd, "abnormal-end"),
        (Self::Sweeper, "sweeper"),
        (Self::Deadline, "deadline"),
        (Self::ClientToken, "client-token"),
        (Self::Tags, "tags"),
        (Self::LookBeforeSend, "look-before-send"),
        (Self::Claim, "claim"),
        (Self::Freshness, "freshness"),
        (Self::PollFallback, "poll-fallback"),
        (Self::InstanceState, "instance-state"),
    ];

    /// The safeguard that the command line calls `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(safeguard, _)| *safeguard)
    }
}

/// What is deployed without `safeguard`, with a machine that has `limit` as its own timeout where there is one.
pub(crate) fn template(
    safeguard: Option<Safeguard>,
    limit: Option<Duration>,
) -> Result<Template, serde_json::Error> {
    let mut template = Template::default();
    if safeguard.is_some() || limit.is_some() {
        let mut definition: Value = serde_json::from_str(&template.definition)?;
        if let Some(limit) = limit {
            definition["TimeoutSeconds"] = limit.as_secs().into();
        }
        take_away(safeguard, &mut definition, &mut template)?;
        template.definition = definition.to_string();
    }
    Ok(template)
}

fn take_away(
    safeguard: Option<Safeguard>,
    definition: &mut Value,
    template: &mut Template,
) -> Result<(), serde_json::Error> {
    match safeguard {
        Some(Safeguard::Catch) => {
            for state in
                definition["States"].as_object_mut().into_iter().flat_map(|states| states.values_mut())
            {
                state.as_object_mut().and_then(|fields| fields.remove("Catch"));
            }
            // Nothing leads there any more.
            definition["States"].as_object_mut().and_then(|states| states.remove("CleanupFailed"));
        }
        Some(Safeguard::PollFallback) => {
            let poller = &mut definition["States"]["EC2Poller"];
            poller.as_object_mut().and_then(|fields| fields.remove("TimeoutSecondsPath"));
            poller["TimeoutSeconds"] = 99_999_999.into();
        }
        Some(Safeguard::AbnormalEnd) => {
            let mut patterns: Value = serde_json::from_str(&template.event_patterns)?;
            patterns.as_object_mut().and_then(|rules| rules.remove("EC2Stopper"));
            template.event_patterns = patterns.to_string();
        }
        Some(Safeguard::Sweeper) => template.sweep_every = None,
        _ => {}
    }
    Ok(())
}

/// Ports that lack one safeguard.
pub(crate) struct Hobbled<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) without: Option<Safeguard>,
    /// A different text at every invocation.
    pub(crate) nonce: &'a str,
}

impl<P> Hobbled<'_, P> {
    fn lacks(&self, safeguard: Safeguard) -> bool {
        self.without == Some(safeguard)
    }
}

impl<P: Clock> Clock for Hobbled<'_, P> {
    fn now(&self) -> Timestamp {
        self.ports.now()
    }
}

impl<P: Instances> Instances for Hobbled<'_, P> {
    async fn launch(&self, region: &Region, launch: &Launch) -> Result<Instance, AwsError> {
        let mut launch = launch.clone();
        if self.lacks(Safeguard::ClientToken) {
            self.nonce.clone_into(&mut launch.client_token);
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

impl<P: Volumes> Volumes for Hobbled<'_, P> {
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

impl<P: Agents> Agents for Hobbled<'_, P> {
    async fn online(&self, region: &Region, id: &InstanceId) -> Result<bool, AwsError> {
        self.ports.online(region, id).await
    }
}

impl<P: Commands> Commands for Hobbled<'_, P> {
    async fn send(&self, region: &Region, command: &Command) -> Result<CommandId, AwsError> {
        let mut command = command.clone();
        if self.lacks(Safeguard::Deadline) {
            command.script = command.script.replace("shutdown -h", ": no shutdown -h");
        }
        self.ports.send(region, &command).await
    }

    async fn find(
        &self,
        region: &Region,
        instance: &InstanceId,
        comment: &str,
    ) -> Result<Option<CommandId>, AwsError> {
        if self.lacks(Safeguard::LookBeforeSend) {
            return Ok(None);
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

impl<P: Objects + Clock> Objects for Hobbled<'_, P> {
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
