//! `runs`: what was run, from the ledger.

use clap::Args;
use ec2_ops::ledger::Line;
use ec2_ops::{Market, Status};
use ec2_ops_client::duration;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::fold::{LedgerArgs, instance_time};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::words::table;

/// Which attempts are counted, and how.
#[derive(Args)]
pub(crate) struct RunsArgs {
    /// First write the lines that the ledger lacks, from what Step Functions remembers of the executions
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    ledger: LedgerArgs,
}

/// Counts the attempts of the ledger.
pub(crate) async fn runs(args: &RunsArgs) -> Result<Exit, Failure> {
    let client = args.ledger.deployment.connect().await?;
    if args.repair {
        let written = client.repair_ledger(args.ledger.since).await?;
        for key in &written {
            output::say(format!("written: s3://{}/{key}", client.log_bucket()));
        }
        if written.is_empty() {
            output::say("the ledger lacks nothing");
        }
    }
    let lines = args.ledger.read(&client).await?;
    let rows = args.ledger.by.fold(&lines);
    if args.ledger.json {
        output::json(&rows.iter().map(|(key, lines)| Row::of(lines).json(key)).collect::<Vec<_>>())?;
    } else if !rows.is_empty() {
        let headings =
            [args.ledger.by.heading(), "ATTEMPTS", "SUCCEEDED", "SPOT", "INSTANCE TIME", "MEDIAN BOOT"];
        output::line(table(&headings, rows.iter().map(|(key, lines)| Row::of(lines).cells(key))))?;
    }
    Ok(Exit::Success)
}

/// Attempts in numbers.
struct Row {
    attempts: usize,
    succeeded: usize,
    spot: usize,
    time: SignedDuration,
    /// From the launch until the instance could take commands.
    boot: Option<SignedDuration>,
}

impl Row {
    fn of(lines: &[&Line]) -> Self {
        let count = |which: fn(&Line) -> bool| lines.iter().filter(|line| which(line)).count();
        let boots = lines.iter().filter_map(|line| Some(line.ready_at?.duration_since(line.launched_at?)));
        let mut boots: Vec<_> = boots.collect();
        boots.sort();
        Self {
            attempts: lines.len(),
            succeeded: count(|line| line.status == Status::Succeeded),
            spot: count(|line| line.market == Some(Market::Spot)),
            time: instance_time(lines),
            boot: boots.get(boots.len() / 2).copied(),
        }
    }

    fn cells(&self, key: &str) -> Vec<String> {
        let boot = self.boot.map(duration).unwrap_or_default();
        let counts = [self.attempts, self.succeeded, self.spot].map(|count| count.to_string());
        [vec![key.to_owned()], counts.into(), vec![duration(self.time), boot]].concat()
    }

    fn json(&self, key: &str) -> Value {
        json!({
            "key": key,
            "attempts": self.attempts,
            "succeeded": self.succeeded,
            "spot": self.spot,
            "instance_seconds": self.time.as_secs(),
            "median_boot_seconds": self.boot.map(|boot| boot.as_secs_f64()),
        })
    }
}
