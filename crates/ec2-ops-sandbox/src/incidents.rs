//! What happens in the account without a call of its owner, for people who want to watch the safety nets.
//!
//! AWS has no such service; its Fault Injection Service does the same with experiments. Like every other service, this one
//! answers only to callers with the access key.

use serde::Deserialize;

use crate::AwsError;
use crate::ec2::Ec2;
use crate::protocol::{JsonVersion, Protocol};
use crate::service::{Action, Description, Rpc, Words, names};

/// The sandbox's own service.
pub(crate) const SERVICE: Description = Description {
    name: "Incidents",
    signing_name: "ec2-ops-incidents",
    protocol: Protocol::AwsJson(JsonVersion::V1_0),
    failure: Words(500, "InternalFailure"),
    throttling: Words(400, "ThrottlingException"),
    denial: Words(400, "AccessDeniedException"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<Incidents>; 1] =
    [("InterruptSpotInstance", |incidents, input| input.with(|request| incidents.interrupt(&request)))];

impl Rpc for Incidents {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}

/// The incidents of one account.
pub(crate) struct Incidents(pub(crate) Ec2);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct InterruptRequest {
    instance_id: String,
}

impl Incidents {
    /// EC2 wants a Spot Instance back.
    fn interrupt(&self, request: &InterruptRequest) -> Result<(), AwsError> {
        self.0.interrupt_spot(&request.instance_id)
    }
}
