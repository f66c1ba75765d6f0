//! `interrupt`: lets EC2 take a Spot instance of a sandbox back.

use clap::Args;

use super::DeploymentArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// What is interrupted.
#[derive(Args)]
pub(crate) struct InterruptArgs {
    /// The instance's id
    #[arg(value_name = "INSTANCE")]
    instance: String,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Gives the instance its warning.
pub(crate) async fn interrupt(args: &InterruptArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    client.interrupt(&args.instance).await?;
    output::line(format!("{} is warned; EC2 terminates it soon", args.instance))?;
    Ok(Exit::Success)
}
