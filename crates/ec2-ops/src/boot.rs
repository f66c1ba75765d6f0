//! Boot: the second state of EC2StarterFromAMI waits until the instance can take commands.

use serde::Deserialize;
use serde_json::Value;

use crate::aws_error::AwsError;
use crate::error::Error;
use crate::ports::{Agents, Instance, InstanceState, Instances};
use crate::step::{Context, InstanceSection, read};

/// Each how many looks EC2 is asked as well. The agent's word is enough for a boot that goes well, and all steps share
/// the quota of DescribeInstances.
const ASK_EC2_EVERY: u32 = 3;

#[derive(Deserialize)]
struct Payload {
    #[serde(flatten)]
    context: Context,
    instance: InstanceSection,
}

/// Looks once whether the instance can take commands.
///
/// # Errors
/// [`Error::InstanceNotReady`] or [`Error::InstanceNotReadyAmongMany`] while it cannot; the state machine asks again.
/// [`Error::InstanceLost`], or what EC2 gives as the reason, if it never will.
pub(crate) async fn handle(
    payload: Value,
    instances: &impl Instances,
    agents: &impl Agents,
) -> Result<Value, Error> {
    let Payload { context, instance } = read(payload)?;
    let many = instance.is_one_of_many(&context.attempt);
    let not_ready = |state: &str| {
        let (instance, state) = (instance.id.clone(), state.to_owned());
        if many {
            Error::InstanceNotReadyAmongMany { instance, state }
        } else {
            Error::InstanceNotReady { instance, state }
        }
    };
    // On AWS nothing boots between two states; where others need the quota, that look is left out.
    if many && context.retry == 0 {
        return Err(not_ready("it has just been launched"));
    }
    if agents.online(&instance.region, &instance.id).await? {
        return Ok(Value::Null);
    }
    if context.retry.is_multiple_of(ASK_EC2_EVERY) {
        match instances.describe(&instance.region, &instance.id).await? {
            None => return Err(not_ready("EC2 does not show it yet")),
            Some(found) if found.state == InstanceState::Pending => return Err(not_ready("it is pending")),
            Some(found) => fate(&found).map_or(Ok(()), Err)?,
        }
    }
    Err(not_ready(
        "its SSM agent is not online; it needs time to boot, an AMI with the agent, an instance profile that allows it, \
         and a way to the SSM endpoints",
    ))
}

/// What became of an instance that will not take commands any more. EC2 may accept a launch and find only then that it has
/// no capacity.
pub(crate) fn fate(instance: &Instance) -> Option<Error> {
    let state = instance.state;
    if state.is_alive() {
        return None;
    }
    Some(match instance.state_reason.as_deref() {
        Some(reason @ "Server.InsufficientInstanceCapacity") => {
            let message = format!("instance {} is {state}", instance.id);
            Error::CapacityUnavailable(AwsError::new("RunInstances", reason, message, Some(400)))
        }
        _ => instance.lost(&format!("it is {state}, before its commands were known to have started")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fakes::{World, instance};
    use crate::tags::Tags;

    /// What Boot hands over at its nth repetition, so many seconds of waiting for the launch after the attempt began.
    fn payload(retry: u32, launched_at: &str) -> Value {
        json!({
            "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
            "document": {},
            "retry": retry,
            "instance": { "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": launched_at },
        })
    }

    const AT_ONCE: &str = "2026-03-01T05:30:05Z";
    const AFTER_LONG: &str = "2026-03-01T05:33:00Z";

    async fn look(retry: u32, launched_at: &str, world: &World) -> Result<Value, Error> {
        handle(payload(retry, launched_at), world, world).await
    }

    fn world(state: InstanceState, online: bool) -> World {
        World { instances: vec![instance("i-1", state, Tags::new())], online, ..World::default() }
    }

    #[tokio::test]
    async fn the_agents_word_is_enough() {
        let ready = World { failing: Some(("DescribeInstances", "InternalError")), ..World::default() };
        assert_eq!(look(0, AT_ONCE, &ready).await, Ok(Value::Null));
        assert_eq!(look(ASK_EC2_EVERY, AFTER_LONG, &ready).await, Ok(Value::Null));
    }

    #[tokio::test]
    async fn an_instance_that_ended_is_noticed_at_each_third_look() {
        use InstanceState::{Pending, Running, Stopped, Terminated};
        for (state, retry, name) in [
            (Pending, ASK_EC2_EVERY, "InstanceNotReady"),
            (Running, ASK_EC2_EVERY, "InstanceNotReady"),
            (Stopped, ASK_EC2_EVERY, "InstanceLost"),
            (Terminated, ASK_EC2_EVERY, "InstanceLost"),
            (Terminated, ASK_EC2_EVERY + 1, "InstanceNotReady"),
        ] {
            let error = look(retry, AT_ONCE, &world(state, false)).await.unwrap_err();
            assert_eq!(error.name(), name, "{state} at look {retry}");
        }
        let unseen = World { online: false, ..World::default() };
        assert_eq!(look(ASK_EC2_EVERY, AT_ONCE, &unseen).await.unwrap_err().name(), "InstanceNotReady");
    }

    #[tokio::test]
    async fn whoever_waited_long_for_the_launch_is_one_of_many() {
        let booting = world(InstanceState::Running, false);
        let error = look(1, AFTER_LONG, &booting).await.unwrap_err();
        assert_eq!(error.name(), "InstanceNotReadyAmongMany");
        let ready = world(InstanceState::Running, true);
        assert!(look(0, AFTER_LONG, &ready).await.is_err(), "the first look is left out");
    }

    #[test]
    fn a_launch_that_finds_no_capacity_only_afterwards_is_told_as_such() {
        let ended = |reason: &str| {
            let gone = instance("i-1", InstanceState::Terminated, Tags::new());
            let fate = fate(&Instance { state_reason: Some(reason.to_owned()), ..gone });
            fate.map(|error| error.name())
        };
        assert_eq!(ended("Server.InsufficientInstanceCapacity"), Some("CapacityUnavailable"));
        assert_eq!(ended("Server.SpotInstanceTermination"), Some("SpotInterrupted"));
        assert_eq!(ended("Client.UserInitiatedShutdown"), Some("InstanceLost"));
    }
}
