//! `fleet`: one document for many rows, each of which is an execution. `docs/fleets.md` has the page.

mod again;
mod at_once;
mod logs;
mod start;
mod status;
mod stop;

use clap::{Args, Subcommand};
use ec2_ops_client::{Client, Fleet, FleetRun};

use crate::exit::{Exit, Failure};

/// What is done with fleets.
#[derive(Args)]
pub(crate) struct FleetArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start an execution for each row of a file
    ///
    /// Every row is checked first. A problem has its line in the file.
    Start(start::StartArgs),
    /// Show how far a fleet is and which rows failed; without a name, the latest fleets
    Status(status::StatusArgs),
    /// Run the rows again whose last run was not a success
    Again(again::AgainArgs),
    /// Change how many rows run at once
    AtOnce(at_once::AtOnceArgs),
    /// Print the output of the commands of rows
    Logs(logs::LogsArgs),
    /// Stop fleets, and wait until nothing of them is left
    Stop(stop::StopArgs),
}

/// Does it.
pub(crate) async fn fleet(args: &FleetArgs) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Start(args) => start::start(args).await,
        Verb::Status(args) => status::status(args).await,
        Verb::Again(args) => again::again(args).await,
        Verb::AtOnce(args) => at_once::at_once(args).await,
        Verb::Logs(args) => logs::logs(args).await,
        Verb::Stop(args) => stop::stop(args).await,
    }
}

/// The fleet of that name, and its latest run.
async fn latest(client: &Client, name: &str) -> Result<(Fleet, FleetRun), Failure> {
    let fleet = client.fleet(name).await?;
    let run = fleet.latest().cloned();
    let run = run.ok_or_else(|| Failure::Failed(format!("the fleet {name} has no run")))?;
    Ok((fleet, run))
}
