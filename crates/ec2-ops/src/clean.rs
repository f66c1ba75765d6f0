//! Ends instances and deletes volumes, as their own tags say.
//!
//! Three safety nets share it: the state machine's last step, the event of an abnormal end, and the sweeper.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::aws_error::AwsErrorKind;
use crate::error::Error;
use crate::ids::{InstanceId, Region};
use crate::ports::{Instance, InstanceState, Instances, Volume, Volumes};
use crate::tags::{OnEnd, Tags};

/// How long DescribeInstances may not show an instance after its launch. See
/// <https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>.
pub(crate) const VISIBILITY: SignedDuration = SignedDuration::from_secs(45);

/// Ends every instance and volume in `region` that carries `tags`, as its own tags say. Returns the instances.
///
/// # Errors
/// As for [`end`].
pub(crate) async fn end_all<C: Instances + Volumes>(
    region: &Region,
    tags: &Tags,
    ec2: &C,
) -> Result<Vec<Instance>, Error> {
    let instances = find(region, tags, None, ec2).await?;
    end(region, &instances, tags, false, ec2).await?;
    Ok(instances)
}

/// Finds every instance in `region` that carries `tags`, and the one that is `known`.
///
/// A listing may lack an instance, and a person may have edited its tags; its id is enough to find it.
pub(crate) async fn find(
    region: &Region,
    tags: &Tags,
    known: Option<&InstanceId>,
    ec2: &impl Instances,
) -> Result<Vec<Instance>, Error> {
    let mut instances = ec2.find(region, tags).await?;
    if let Some(known) = known.filter(|known| instances.iter().all(|listed| listed.id != **known)) {
        instances.extend(ec2.describe(region, known).await?);
    }
    Ok(instances)
}

/// Ends `instances`, and the volumes in `region` that carry `tags`, as their own tags say; with `always_terminate` none is only
/// stopped.
///
/// # Errors
/// [`Error::CleanupPending`] until all of them have ended. Each call asks all of them to end, so the caller only repeats
/// it.
pub(crate) async fn end<C: Instances + Volumes>(
    region: &Region,
    instances: &[Instance],
    tags: &Tags,
    always_terminate: bool,
    ec2: &C,
) -> Result<(), Error> {
    let mut pending = Vec::new();
    let mut failed = None;
    for instance in instances {
        let terminate = always_terminate || OnEnd::of(&instance.tags).terminate;
        // A failure to end one must not keep us from the others.
        match end_one(region, instance, terminate, ec2).await {
            Ok(true) => {}
            Ok(false) => pending.push(format!("instance {} is still ending", instance.id)),
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed.take() {
        return Err(error);
    }
    let to_delete = Volumes::find(ec2, region, tags)
        .await?
        .into_iter()
        .filter(|volume| OnEnd::of(&volume.tags).delete_volumes);
    let stopped: BTreeSet<_> =
        instances.iter().filter(|i| i.state == InstanceState::Stopped).map(|i| i.id.clone()).collect();
    for volume in to_delete {
        failed = delete(region, &volume, &stopped, ec2).await.err().or(failed);
        pending.push(format!("volume {} is being deleted", volume.id));
    }
    if let Some(error) = failed {
        return Err(error);
    }
    if pending.is_empty() { Ok(()) } else { Err(Error::CleanupPending(pending.join("; "))) }
}

/// Asks one instance to end. Returns whether it has: an instance that is shutting down cannot come back.
async fn end_one(
    region: &Region,
    instance: &Instance,
    terminate: bool,
    ec2: &impl Instances,
) -> Result<bool, Error> {
    let answer = match instance.state {
        InstanceState::Terminated | InstanceState::ShuttingDown => return Ok(true),
        InstanceState::Stopped if !terminate => return Ok(true),
        InstanceState::Stopping if !terminate => return Ok(false),
        _ if terminate => ec2.terminate(region, &instance.id).await,
        // EC2 stops only what is running.
        InstanceState::Pending => return Ok(false),
        _ => match ec2.stop(region, &instance.id).await {
            // It can never be stopped, and must not keep running because of that. EC2 has the same code for what passes, as
            // while an instance hibernates: a disk is not lost for that.
            Err(error) if error.code == "UnsupportedOperation" && instance.spot => {
                ec2.terminate(region, &instance.id).await
            }
            answer => answer,
        },
    };
    match answer {
        Ok(InstanceState::ShuttingDown | InstanceState::Terminated) => Ok(true),
        Ok(state) => Ok(state == InstanceState::Stopped && !terminate),
        // The listing had it a moment ago: it is gone, or too new to be visible everywhere. The next call shows which.
        Err(error) if error.kind == AwsErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes the next step of deleting one volume. A stopped instance keeps its volumes attached, a terminated one does not.
async fn delete(
    region: &Region,
    volume: &Volume,
    stopped: &BTreeSet<InstanceId>,
    ec2: &impl Volumes,
) -> Result<(), Error> {
    let answer = match &volume.attached_to {
        _ if volume.deleting => Ok(()),
        None => ec2.delete(region, &volume.id).await,
        Some(instance) if stopped.contains(instance) => ec2.detach(region, &volume.id).await,
        Some(_) => Ok(()),
    };
    match answer {
        Err(error) if error.kind != AwsErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{FakeAws, instance};
    use crate::ids::VolumeId;
    use crate::tags;

    fn tagged(on_end: &str) -> Tags {
        Tags::from([(tags::ON_END.to_owned(), on_end.to_owned())])
    }

    async fn end_tagged(aws: &FakeAws) -> Result<usize, Error> {
        end_all(&Region::new("us-east-1"), &Tags::new(), aws).await.map(|instances| instances.len())
    }

    #[tokio::test]
    async fn an_instance_is_asked_to_end_once_and_waited_for_where_it_must_be() {
        use InstanceState::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};
        for (on_end, state, call, done) in [
            ("terminate", Pending, "TerminateInstances i-1", true),
            ("terminate", Running, "TerminateInstances i-1", true),
            ("terminate", Stopping, "TerminateInstances i-1", true),
            ("terminate", Stopped, "TerminateInstances i-1", true),
            ("terminate", ShuttingDown, "", true),
            ("terminate", Terminated, "", true),
            ("stop", Pending, "", false),
            ("stop", Running, "StopInstances i-1", false),
            ("stop", Stopping, "", false),
            ("stop", Stopped, "", true),
            ("stop", ShuttingDown, "", true),
            ("stop", Terminated, "", true),
            ("nonsense", Running, "StopInstances i-1", false),
        ] {
            let aws =
                FakeAws { instances: vec![instance("i-1", state, tagged(on_end))], ..FakeAws::default() };
            assert_eq!(end_tagged(&aws).await.is_ok(), done, "{on_end} while {state}");
            assert_eq!(aws.calls().concat(), call, "{on_end} while {state}");
        }
    }

    #[tokio::test]
    async fn an_instance_that_cannot_be_ended_does_not_keep_the_others_running() {
        let instances = vec![
            instance("i-1", InstanceState::Running, tagged("stop")),
            instance("i-2", InstanceState::Running, tagged("terminate")),
        ];
        let failing = Some(("StopInstances", "RequestLimitExceeded"));
        let aws = FakeAws { instances, failing, ..FakeAws::default() };
        assert_eq!(end_tagged(&aws).await.unwrap_err().name(), "Throttled");
        assert_eq!(aws.calls(), ["StopInstances i-1", "TerminateInstances i-2"]);
    }

    #[tokio::test]
    async fn a_volume_that_cannot_be_deleted_does_not_keep_the_others() {
        let volume = |id: &str, attached_to: Option<&str>| Volume {
            id: VolumeId::new(id),
            attached_to: attached_to.map(InstanceId::new),
            deleting: false,
            tags: tagged("stop,delete-volumes"),
        };
        let instances = vec![instance("i-1", InstanceState::Stopped, tagged("stop,delete-volumes"))];
        let volumes = vec![volume("vol-1", Some("i-1")), volume("vol-2", None)];
        let failing = Some(("DetachVolume", "UnauthorizedOperation"));
        let aws = FakeAws { instances, volumes, failing, ..FakeAws::default() };
        assert_eq!(end_tagged(&aws).await.unwrap_err().name(), "Refused");
        assert_eq!(aws.calls(), ["DetachVolume vol-1", "DeleteVolume vol-2"]);
    }

    #[tokio::test]
    async fn only_a_spot_instance_is_terminated_if_it_cannot_be_stopped() {
        for (spot, calls) in
            [(true, &["StopInstances i-1", "TerminateInstances i-1"][..]), (false, &["StopInstances i-1"])]
        {
            let running = instance("i-1", InstanceState::Running, tagged("stop"));
            let aws = FakeAws {
                instances: vec![Instance { spot, ..running }],
                failing: Some(("StopInstances", "UnsupportedOperation")),
                ..FakeAws::default()
            };
            assert_eq!(
                end_tagged(&aws).await.map_err(|error| error.name()),
                if spot { Ok(1) } else { Err("Refused") }
            );
            assert_eq!(aws.calls(), calls);
        }
    }

    #[tokio::test]
    async fn a_known_instance_is_found_even_if_the_listing_lacks_it() {
        let edited = Tags::from([(tags::EXECUTION.to_owned(), "of another".to_owned())]);
        let aws = FakeAws {
            instances: vec![instance("i-1", InstanceState::Running, edited)],
            ..FakeAws::default()
        };
        let known = InstanceId::new("i-1");
        let found = find(&Region::new("us-east-1"), &tagged("stop"), Some(&known), &aws).await.unwrap();
        assert_eq!(found, aws.instances);
    }

    /// For a while, the very call that should end a new instance may not find it.
    #[tokio::test]
    async fn not_found_is_believed_once_the_listing_agrees() {
        let instances = vec![instance("i-1", InstanceState::Running, tagged("terminate"))];
        let failing = Some(("TerminateInstances", "InvalidInstanceID.NotFound"));
        let aws = FakeAws { instances, failing, ..FakeAws::default() };
        assert_eq!(end_tagged(&aws).await.unwrap_err().name(), "CleanupPending");
        assert_eq!(end_tagged(&FakeAws::default()).await, Ok(0));
    }

    #[tokio::test]
    async fn a_volume_is_detached_from_a_stopped_instance_and_then_deleted() {
        use InstanceState::{Running, Stopped};
        for (state, attached, deleting, on_end, call) in [
            (Running, true, false, "stop,delete-volumes", "StopInstances i-1"),
            (Stopped, true, false, "stop,delete-volumes", "DetachVolume vol-1"),
            (Stopped, false, false, "stop,delete-volumes", "DeleteVolume vol-1"),
            (Stopped, false, true, "stop,delete-volumes", ""),
            (Stopped, true, false, "stop", ""),
        ] {
            let volume = Volume {
                id: VolumeId::new("vol-1"),
                attached_to: attached.then(|| InstanceId::new("i-1")),
                deleting,
                tags: tagged(on_end),
            };
            let instances = vec![instance("i-1", state, tagged(on_end))];
            let aws = FakeAws { instances, volumes: vec![volume], ..FakeAws::default() };
            assert_eq!(end_tagged(&aws).await.is_ok(), on_end == "stop", "{state} {on_end}");
            assert_eq!(aws.calls().concat(), call, "{state} {on_end}");
        }
    }
}
