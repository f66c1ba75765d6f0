//! The error for an instance that has ended, read from EC2's reason for its state.

use crate::aws_error::AwsError;
use crate::error::Error;
use crate::ports::Instance;

/// The error for an instance that ended before its commands did: a Spot interruption if EC2 says so.
pub(crate) fn lost(instance: &Instance, why: &str) -> Error {
    let id = instance.id.clone();
    match instance.state_reason.as_deref() {
        Some(reason) if reason.starts_with("Server.Spot") => {
            Error::SpotInterrupted { instance: id, why: format!("{why} ({reason})") }
        }
        Some(reason) => Error::InstanceLost { instance: id, why: format!("{why} ({reason})") },
        None => Error::InstanceLost { instance: id, why: why.to_owned() },
    }
}

/// The error for an instance that ended before its commands were known to have started; `None` if it is alive.
///
/// EC2 may accept a launch and only then find that it has no capacity.
pub(crate) fn before_commands(instance: &Instance) -> Option<Error> {
    let state = instance.state;
    if state.is_alive() {
        return None;
    }
    Some(match instance.state_reason.as_deref() {
        Some(reason @ "Server.InsufficientInstanceCapacity") => {
            let message = format!("instance {} is {state}", instance.id);
            Error::CapacityUnavailable(AwsError::new("RunInstances", reason, message, Some(400)))
        }
        _ => lost(instance, &format!("it is {state}, before its commands were known to have started")),
    })
}

/// Whether EC2 says that no call of StopInstances or TerminateInstances, which may be ours, ended the instance.
pub(crate) fn was_without_a_call(instance: &Instance) -> bool {
    instance.state_reason.as_deref().is_some_and(|reason| reason != "Client.UserInitiatedShutdown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::instance;
    use crate::ports::InstanceState;
    use crate::tags::Tags;

    #[test]
    fn a_launch_that_finds_no_capacity_only_afterwards_is_a_capacity_error() {
        let ended = |reason: &str| {
            let gone = instance("i-1", InstanceState::Terminated, Tags::new());
            let error = before_commands(&Instance { state_reason: Some(reason.to_owned()), ..gone });
            error.map(|error| error.name())
        };
        assert_eq!(ended("Server.InsufficientInstanceCapacity"), Some("CapacityUnavailable"));
        assert_eq!(ended("Server.SpotInstanceTermination"), Some("SpotInterrupted"));
        assert_eq!(ended("Client.UserInitiatedShutdown"), Some("InstanceLost"));
    }
}
