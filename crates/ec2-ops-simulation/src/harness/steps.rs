//! The steps of the core, each under the name of its function.

use ec2_ops::ids::Region;
use ec2_ops::ports::{
    Agents, Clock, Commands, Executions, FleetResults, Instances, KeptOutput, Ledger, Objects, Volumes,
    WakeTokens,
};
use ec2_ops::{Deployment, Error, check, command, poll, start, stop};
use serde_json::Value;

use ec2_ops_sandbox::deployment::Names;

/// Runs the step of the function `name` over `aws`, and over `callbacks` for task tokens, executions and kept output.
pub(crate) async fn run(
    name: &str,
    payload: Value,
    callbacks: &(impl WakeTokens + Executions + KeptOutput),
    aws: &(impl Clock + Instances + Volumes + Agents + Commands + Objects + FleetResults + Ledger),
    names: &Names,
) -> Result<Value, Error> {
    let deployment = deployment(names);
    match name {
        "EC2StarterFromAMI" => start::handle(payload, &deployment, aws, aws, aws, aws).await,
        "Commander" => command::handle(payload, &deployment, aws, aws).await,
        "EC2Poller" => {
            let ports = poll::Ports {
                clock: aws,
                instances: aws,
                commands: aws,
                tokens: callbacks,
                executions: callbacks,
            };
            poll::handle(payload, &ports).await
        }
        "RunChecker" => check::handle(payload, &deployment, aws).await,
        _ => stop::handle(payload, &deployment, aws, aws, callbacks, callbacks, aws).await,
    }
}

fn deployment(names: &Names) -> Deployment {
    Deployment {
        additional_regions: names.additional_regions.iter().map(Region::new).collect(),
        log_bucket: Some(names.log_bucket.clone()),
        ..Deployment::new(&names.deployment, Region::new(&names.region))
    }
}
