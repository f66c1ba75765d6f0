//! `fleet again`: runs rows again, of a fleet that has ended.

use clap::Args;
use ec2_ops::fleet::{Record, Records};
use ec2_ops_client::FleetStart;

use super::super::DeploymentArgs;
use super::latest;
use super::start::RunArgs;
use crate::documents::{self, Assignment};
use crate::exit::{Exit, Failure};
use crate::output;

/// Which rows are run again.
#[derive(Args)]
pub(crate) struct AgainArgs {
    /// The fleet's name, or its beginning if no other begins so
    name: String,
    /// Only rows whose last run ended so, such as CommandFailed, or NotStarted; may be repeated
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// Only this row, however it ended; may be repeated
    #[arg(long = "row", value_name = "NUMBER", conflicts_with = "status")]
    rows: Vec<u32>,
    /// Change a field of the template: run_options.timeout_s=7200. The value is JSON, else text
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<Assignment>,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Starts another run of the fleet.
pub(crate) async fn again(args: &AgainArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let (fleet, last) = latest(&client, &args.name).await?;
    let name = &fleet.name;
    if last.is_running() {
        return Err(Failure::Usage(format!("{name} runs; wait for its end, or `ec2-ops fleet stop {name}`")));
    }
    let records = client.fleet_records(&fleet).await?;
    let chosen = chosen(&records, args)?;
    if chosen.is_empty() {
        output::say(format!("no row of {name} is left to run again"));
        return Ok(Exit::Success);
    }
    let first = fleet.runs.first().unwrap_or(&last);
    let mut all = client.fleet_rows(first).await?;
    let rows: Vec<_> = chosen
        .iter()
        .filter_map(|number| {
            let mut row = all.remove(number)?;
            row["row"] = (*number).into();
            Some(row)
        })
        .collect();
    let mut template = last.template().clone();
    for change in &args.set {
        change.apply(&mut template).map_err(|why| Failure::Usage(format!("--set: {why}")))?;
    }
    if !documents::valid_rows(&template, &rows) {
        return Ok(Exit::Usage);
    }
    let earlier = last.execution.document["max_concurrency"].as_u64().unwrap_or(0);
    let start = FleetStart {
        fleet: name,
        run: last.number + 1,
        template: &template,
        rows: &rows,
        at_once: args.run.at_once.map_or(earlier, u64::from),
        fail_fast: args.run.fail_fast(),
    };
    args.run.carry_out(&client, &start).await
}

/// The rows to run again, by number.
fn chosen(records: &Records, args: &AgainArgs) -> Result<Vec<u32>, Failure> {
    if args.rows.is_empty() {
        let asked = |record: &Record| {
            args.status.is_empty()
                || args.status.iter().any(|status| status.eq_ignore_ascii_case(&record.status))
        };
        return Ok(records.unsuccessful().filter(|(_, record)| asked(record)).map(|(row, _)| row).collect());
    }
    let mut rows = args.rows.clone();
    rows.sort_unstable();
    rows.dedup();
    match rows.iter().find(|row| !records.iter().any(|(known, _)| known == **row)) {
        Some(unknown) => Err(Failure::Usage(format!("there is no row {unknown}; they are counted from 0"))),
        None => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: AgainArgs,
    }

    fn rows(arguments: &[&str]) -> Result<Vec<u32>, Failure> {
        let mut records = Records::of(0..5);
        for (row, status) in [(0, "Succeeded"), (1, "CommandFailed"), (2, "InputMissing"), (3, "Aborted")] {
            records.note(1, row, status);
        }
        let cli = Cli::parse_from([&["again", "f"], arguments].concat());
        chosen(&records, &cli.args)
    }

    #[test]
    fn only_rows_without_a_success_run_again_unless_they_are_named() {
        assert_eq!(rows(&[]).unwrap(), [1, 2, 3, 4]);
        assert_eq!(rows(&["--status", "commandfailed", "--status", "NotStarted"]).unwrap(), [1, 4]);
        assert_eq!(rows(&["--status", "Succeeded"]).unwrap(), [] as [u32; 0]);
        assert_eq!(rows(&["--row", "3", "--row", "0", "--row", "3"]).unwrap(), [0, 3]);
        let Err(Failure::Usage(message)) = rows(&["--row", "5"]) else { panic!("there is no row 5") };
        assert!(message.contains("no row 5"), "{message}");
    }
}
