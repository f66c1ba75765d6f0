//! `fleet start`: checks every row, and starts an execution for each.

use std::path::PathBuf;

use clap::Args;
use ec2_ops_client::{Client, FleetRun, FleetStart};
use serde_json::json;

use super::super::DeploymentArgs;
use super::super::start::name_of;
use super::status;
use crate::documents::{self, Assignment};
use crate::exit::{Exit, Failure};
use crate::output;

/// What is started.
#[derive(Args)]
pub(crate) struct StartArgs {
    /// The execution document, as far as all rows share it
    #[arg(value_name = "TEMPLATE")]
    template: PathBuf,
    /// The rows: a CSV file, whose columns are variables, or JSON lines, whose members replace those of the template
    #[arg(value_name = "ROWS")]
    rows: PathBuf,
    /// The fleet's name; made from the template's name if not given
    #[arg(long)]
    name: Option<String>,
    /// Change a field of the template: run_options.timeout_s=60. The value is JSON, else text
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<Assignment>,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// How the rows are run: for `fleet start` and `fleet again`.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// How many rows run at once. Without it only the account's quotas limit them
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) at_once: Option<u32>,
    /// Stop all other rows when the first one fails
    #[arg(long)]
    fail_fast: bool,
    /// Show the progress until the end
    #[arg(long)]
    wait: bool,
    /// JSON in the place of text
    #[arg(long)]
    json: bool,
}

/// Starts the fleet.
pub(crate) async fn start(args: &StartArgs) -> Result<Exit, Failure> {
    let Some(fleet) = documents::fleet(&args.template, &args.set, &args.rows)? else {
        return Ok(Exit::Usage);
    };
    let client = args.deployment.connect().await?;
    let name = args.name.clone().unwrap_or_else(|| name_of(&args.template));
    let start = FleetStart {
        fleet: &name,
        run: 1,
        template: &fleet.template,
        rows: &fleet.rows,
        at_once: args.run.at_once.unwrap_or(0).into(),
        fail_fast: args.run.fail_fast,
    };
    args.run.carry_out(&client, &start).await
}

impl RunArgs {
    /// Whether the first row that fails stops all others.
    pub(crate) fn fail_fast(&self) -> bool {
        self.fail_fast
    }

    /// Starts the run, and watches it if asked.
    pub(crate) async fn carry_out(&self, client: &Client, start: &FleetStart<'_>) -> Result<Exit, Failure> {
        let run = client.start_fleet(start).await?;
        let rows = start.rows.len();
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        output::say(format!("started {} with {rows} in {}", run.execution.name, client.place()));
        if self.wait {
            return status::follow(client, start.fleet, self.json).await;
        }
        self.say(start, &run)
    }

    fn say(&self, start: &FleetStart<'_>, run: &FleetRun) -> Result<Exit, Failure> {
        if self.json {
            output::json(&json!({
                "name": start.fleet,
                "run": run.number,
                "execution_arn": run.execution.arn,
                "rows": start.rows.len(),
            }))?;
        } else {
            output::line(start.fleet)?;
        }
        Ok(Exit::Success)
    }
}
