//! The steps in process, each under the name of its function.

use ec2_ops::ids::Region;
use ec2_ops::ports::{Agents, Clock, Commands, Executions, Instances, Objects, Volumes, WakeTokens};
use ec2_ops::{Deployment, Error, check, command, poll, start, stop};
use serde_json::{Value, json};

use ec2_ops_sandbox::deployment::Names;

/// Runs the step of a function over `world`, with what it needs of tokens and executions from `callbacks`.
pub(crate) async fn run(
    name: &str,
    payload: Value,
    callbacks: &(impl WakeTokens + Executions),
    world: &(impl Clock + Instances + Volumes + Agents + Commands + Objects),
    names: &Names,
) -> Result<Value, Error> {
    let deployment = deployment(names);
    match name {
        "EC2StarterFromAMI" => start::handle(payload, &deployment, world, world, world).await,
        "Commander" => command::handle(payload, &deployment, world, world).await,
        "EC2Poller" => {
            let ports = poll::Ports {
                clock: world,
                instances: world,
                commands: world,
                tokens: callbacks,
                executions: callbacks,
            };
            poll::handle(payload, &ports).await
        }
        "RunChecker" => check::handle(payload, &deployment, world).await,
        _ => stop::handle(payload, &deployment, world, world, callbacks).await,
    }
}

fn deployment(names: &Names) -> Deployment {
    Deployment {
        additional_regions: names.additional_regions.iter().map(Region::new).collect(),
        log_bucket: Some(names.log_bucket.clone()),
        ..Deployment::new(&names.deployment, Region::new(&names.region))
    }
}

/// A step's error, as the function's runtime reports it.
pub(crate) fn report(error: &Error) -> Value {
    json!({ "errorType": error.name(), "errorMessage": error.to_string() })
}
