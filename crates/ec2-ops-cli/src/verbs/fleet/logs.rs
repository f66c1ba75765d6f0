//! `fleet logs`: what the commands of rows have printed.

use clap::Args;

use super::super::DeploymentArgs;
use super::super::logs::{print, read};
use super::{latest, status};
use crate::exit::{Exit, Failure};
use crate::output;

/// Whose output is read.
#[derive(Args)]
pub(crate) struct LogsArgs {
    /// The fleet's name, or its beginning if no other begins so
    name: String,
    /// Only the rows whose last run was not a success
    #[arg(long)]
    failed: bool,
    /// Only this row; may be repeated
    #[arg(long = "row", value_name = "NUMBER", conflicts_with = "failed")]
    rows: Vec<u32>,
    /// A JSON object for each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Prints the output of the last attempt of the last run of each row.
pub(crate) async fn logs(args: &LogsArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let (fleet, _) = latest(&client, &args.name).await?;
    let records = client.fleet_records(&fleet).await?;
    let asked = records.iter().filter(|(row, record)| {
        (!args.failed || !record.is_success()) && (args.rows.is_empty() || args.rows.contains(row))
    });
    for (row, record) in asked.filter(|(_, record)| record.run > 0) {
        let name = status::execution(&fleet, row, record);
        let arn = client.execution_arn(&name);
        let timeline = client.timeline(&arn).await?;
        let attempt = timeline.attempts().iter().rfind(|attempt| attempt.command.is_some());
        let lines = match attempt {
            Some(attempt) => read(&client, attempt).await?,
            None => None,
        };
        let heading = format!("row {row}, {name}: {}", record.status);
        output::say(heading);
        match (attempt, lines) {
            (Some(attempt), Some(lines)) => print(&lines, (Some(row), attempt.number), args.json)?,
            (Some(_), None) => output::say("its output is kept nowhere, or not yet"),
            (None, _) => output::say("it has sent no commands"),
        }
    }
    Ok(Exit::Success)
}
