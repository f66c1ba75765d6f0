//! Boot: the second state of EC2StarterFromAMI waits until the instance can take commands.

use std::ops::Range;

use serde_json::Value;

use crate::document::{Problem, Problems};
use crate::error::Error;
use crate::instance_end;
use crate::ports::{Agents, InstanceState, Instances};
use crate::step::{Context, InstanceSection};

/// Ask EC2 as well on every third check. A boot that goes well shows in SSM alone, and all steps share the quota of
/// DescribeInstances.
const ASK_EC2_EVERY: u32 = 3;

/// The checks that are close together: from 13 s to three minutes after the launch, when instances get ready. Before them are
/// two for images that boot at once. After them a check comes every twelve seconds, because such an instance is most likely to
/// stay unreachable.
const CLOSE: Range<u32> = 2..44;

/// Checks once whether the instance can take commands.
///
/// # Errors
/// [`Error::InvalidExecution`] if it runs Windows, which EC2 says as soon as it shows the instance.
/// [`Error::InstanceNotReady`], [`Error::InstanceBooting`] or [`Error::QueuedInstanceNotReady`] while it cannot; the state
/// machine retries each at its own pace.
/// [`Error::InstanceLost`], or the error that EC2's reason stands for, if it has ended.
pub(crate) async fn check(
    context: &Context,
    instance: &InstanceSection,
    instances: &impl Instances,
    agents: &impl Agents,
) -> Result<Value, Error> {
    let queued = instance.queued;
    let not_ready = |state: &str| {
        let (instance, state) = (instance.id.clone(), state.to_owned());
        if queued {
            Error::QueuedInstanceNotReady { instance, state }
        } else if CLOSE.contains(&context.retry) {
            Error::InstanceBooting { instance, state }
        } else {
            Error::InstanceNotReady { instance, state }
        }
    };
    // No instance boots between two states. While others need the quota, the first check is left out.
    if queued && context.retry == 0 {
        return Err(not_ready("it has just been launched"));
    }
    if agents.online(&instance.region, &instance.id).await? {
        return Ok(Value::Null);
    }
    if context.retry.is_multiple_of(ASK_EC2_EVERY) {
        match instances.describe(&instance.region, &instance.id).await? {
            None => return Err(not_ready("EC2 does not show it yet")),
            Some(found) if found.windows => return Err(not_linux("Windows")),
            Some(found) if found.state == InstanceState::Pending => return Err(not_ready("it is pending")),
            Some(found) => instance_end::before_commands(&found).map_or(Ok(()), Err)?,
        }
    }
    Err(not_ready(
        "its SSM agent is not online; it needs time to boot, an AMI with the agent, an instance profile that allows it, \
         and network access to the SSM endpoints",
    ))
}

/// The image runs no shell script of ours.
fn not_linux(found: &str) -> Error {
    let message =
        format!("found an image of {found}, expected one of Linux, for which the commands are written");
    Error::InvalidExecution(Problems(vec![Problem::new("$.instance_parameters.ImageId", message)]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fakes::{FakeAws, instance};
    use crate::step::read;
    use crate::tags::Tags;

    async fn check_at(retry: u32, queued: bool, aws: &FakeAws) -> Result<Value, Error> {
        let context: Context = read(json!({
            "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
            "document": {},
            "retry": retry,
        }))?;
        let instance: InstanceSection = read(json!({
            "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": "2026-03-01T05:30:05Z",
            "queued": queued,
        }))?;
        check(&context, &instance, aws, aws).await
    }

    fn aws(state: InstanceState, online: bool) -> FakeAws {
        FakeAws { instances: vec![instance("i-1", state, Tags::new())], online, ..FakeAws::default() }
    }

    #[tokio::test]
    async fn an_agent_that_is_online_is_enough() {
        let ready = FakeAws { failing: Some(("DescribeInstances", "InternalError")), ..FakeAws::default() };
        assert_eq!(check_at(0, false, &ready).await, Ok(Value::Null));
        assert_eq!(check_at(ASK_EC2_EVERY, true, &ready).await, Ok(Value::Null));
    }

    #[tokio::test]
    async fn an_instance_that_ended_is_noticed_at_every_third_check() {
        use InstanceState::{Pending, Running, Stopped, Terminated};
        for (state, retry, name) in [
            (Pending, ASK_EC2_EVERY, "InstanceBooting"),
            (Running, ASK_EC2_EVERY, "InstanceBooting"),
            (Stopped, ASK_EC2_EVERY, "InstanceLost"),
            (Terminated, ASK_EC2_EVERY, "InstanceLost"),
            (Terminated, ASK_EC2_EVERY + 1, "InstanceBooting"),
        ] {
            let error = check_at(retry, false, &aws(state, false)).await.unwrap_err();
            assert_eq!(error.name(), name, "{state} at check {retry}");
        }
        let unseen = FakeAws { online: false, ..FakeAws::default() };
        assert_eq!(check_at(ASK_EC2_EVERY, false, &unseen).await.unwrap_err().name(), "InstanceBooting");
    }

    #[tokio::test]
    async fn an_image_of_windows_ends_the_attempt_at_the_first_check() {
        let mut windows = aws(InstanceState::Pending, false);
        windows.instances[0].windows = true;
        let error = check_at(0, false, &windows).await.unwrap_err();
        assert_eq!(error.name(), "InvalidExecution");
        assert!(
            error.to_string().contains("$.instance_parameters.ImageId: found an image of Windows"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_checks_are_close_while_most_instances_boot() {
        let booting = aws(InstanceState::Running, false);
        for (retry, name) in [
            (0, "InstanceNotReady"),
            (1, "InstanceNotReady"),
            (2, "InstanceBooting"),
            (43, "InstanceBooting"),
            (44, "InstanceNotReady"),
        ] {
            let error = check_at(retry, false, &booting).await.unwrap_err();
            assert_eq!(error.name(), name, "retry {retry}");
        }
    }

    #[tokio::test]
    async fn an_attempt_that_waited_long_for_its_launch_was_queued() {
        let booting = aws(InstanceState::Running, false);
        let error = check_at(1, true, &booting).await.unwrap_err();
        assert_eq!(error.name(), "QueuedInstanceNotReady");
        let ready = aws(InstanceState::Running, true);
        assert!(check_at(0, true, &ready).await.is_err(), "the first check is left out");
    }
}
