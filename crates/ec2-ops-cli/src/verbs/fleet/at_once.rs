//! `fleet at-once`: changes how many rows of a fleet run at once, while it runs.

use clap::Args;

use super::super::DeploymentArgs;
use super::latest;
use crate::exit::{Exit, Failure};
use crate::output;

/// What is changed.
#[derive(Args)]
pub(crate) struct AtOnceArgs {
    /// The fleet's name, or its beginning if no other begins so
    name: String,
    /// How many rows run at once; 0: as many as the account's quotas allow
    number: u32,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Changes it. Rows that run go on.
pub(crate) async fn at_once(args: &AtOnceArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let (fleet, run) = latest(&client, &args.name).await?;
    if !run.is_running() {
        return Err(Failure::Usage(format!("{} has ended: {}", fleet.name, run.status())));
    }
    let Some(progress) = client.fleet_progress(&run).await? else {
        return Err(Failure::Failed(format!("{} does not read its rows yet; try again", fleet.name)));
    };
    client.set_at_once(&progress.map_run_arn, args.number).await?;
    output::line(format!("{}: {} rows at once, not {}", fleet.name, args.number, progress.at_once))?;
    Ok(Exit::Success)
}
