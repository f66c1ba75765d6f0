//! What makes a service of the account: a description, a table of its actions, and a line in [`SERVICES`].
//!
//! To add a service, say CloudWatch Logs:
//!
//! 1. `src/logs/`: the model, a state over the shared [`Platform`](crate::Platform); in `api.rs` its requests and
//!    responses, in AWS's own names.
//! 2. `src/logs/service.rs`: its [`Description`] and its table of actions, as an [`Rpc`] service.
//! 3. A field of [`Account`](crate::Account), and the service's line in [`SERVICES`].
//! 4. Its row in `docs/sandbox.md`; a test fails until it is there.
//!
//! Endpoint, errors, request ids, quotas and faults by plan then work as for every other. A service with a REST protocol
//! has [`Route`](crate::protocol::Route)s in place of the table, and implements [`Service`] itself, as Lambda and S3 do.

mod call;
mod description;
pub(crate) mod limits;
#[cfg(test)]
mod members;
mod registry;
#[cfg(test)]
pub(crate) mod testing;

use async_trait::async_trait;
use serde_json::Value;

pub(crate) use call::{Call, Input};
pub(crate) use description::{Description, Words};
pub(crate) use registry::{SERVICES, described_by_action, described_by_name};

use crate::AwsError;
use crate::protocol::Response;

/// A service as the endpoint calls it.
#[async_trait]
pub(crate) trait Service: Send + Sync {
    /// Answers one call.
    async fn answer(&self, call: &Call) -> Result<Response, AwsError>;
}

/// A service whose actions take one typed input and have one typed output.
pub(crate) trait Rpc: Send + Sync + 'static {
    /// What is known of it.
    const DESCRIPTION: &'static Description;
    /// Its actions.
    const ACTIONS: &'static [Action<Self>];

    /// The output of `action`.
    fn perform(&self, action: &str, input: &Input<'_>) -> Result<Value, AwsError> {
        match Self::ACTIONS.iter().find(|(name, _)| *name == action) {
            Some((_, perform)) => perform(self, input),
            None if action.is_empty() => {
                Err(AwsError::client("MissingAction", "the request does not say which action it is"))
            }
            None => Err(Self::DESCRIPTION.unmodelled(format!("the action {action}"))),
        }
    }
}

/// An action: AWS's name, and what performs it.
pub(crate) type Action<S> = (&'static str, fn(&S, &Input<'_>) -> Result<Value, AwsError>);

#[async_trait]
impl<S: Rpc> Service for S {
    async fn answer(&self, call: &Call) -> Result<Response, AwsError> {
        let input = Input {
            service: S::DESCRIPTION,
            action: &call.action,
            region: &call.region,
            caller: &call.caller,
            body: call.request.body(),
        };
        let output = self.perform(&call.action, &input)?;
        Ok(S::DESCRIPTION.protocol.answer(&call.action, &call.request_id, &output))
    }
}

/// The names in a table of actions.
pub(crate) const fn names<S, const N: usize>(actions: &[Action<S>; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = actions[at].0;
        at += 1;
    }
    names
}
