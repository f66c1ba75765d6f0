//! `fleet status`: how far a fleet is, and which rows failed.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use ec2_ops::fleet::{Record, Records};
use ec2_ops_client::{Client, Failures, Fleet, FleetProgress, FleetRun, Listing, duration, moment};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::DeploymentArgs;
use super::latest;
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output::{self, News};
use crate::words::table;

/// Which fleet is shown.
#[derive(Args)]
pub(crate) struct StatusArgs {
    /// The fleet's name, or its beginning if no other begins so. Without it: the latest fleets
    name: Option<String>,
    /// Go on until the fleet ends
    #[arg(short, long, requires = "name")]
    follow: bool,
    /// JSON in the place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// How many of the failed rows are asked for their status while the fleet runs.
const ASKED: usize = 1000;
/// How many failed rows the text names.
const NAMED: usize = 20;
/// How many fleets are listed.
const LISTED: usize = 20;
/// How often a fleet is looked at, at least: it takes three calls.
const LOOK: Duration = Duration::from_secs(1);

/// Shows the fleet.
pub(crate) async fn status(args: &StatusArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let Some(name) = &args.name else { return list(&client, args.json).await };
    let (fleet, _) = latest(&client, name).await?;
    if args.follow {
        return follow(&client, &fleet.name, args.json).await;
    }
    show(&client, &fleet, args.json).await?;
    Ok(Exit::Success)
}

/// Shows how far the fleet is until its latest run ends, and then how it ended.
pub(super) async fn follow(client: &Client, name: &str, as_json: bool) -> Result<Exit, Failure> {
    let mut interruption = Interruption::watch()?;
    let mut failures = Failures::default();
    let mut news = News::default();
    loop {
        let (fleet, run) = latest(client, name).await?;
        if !run.is_running() {
            show(client, &fleet, as_json).await?;
            return Ok(if run.status() == "Succeeded" { Exit::Success } else { Exit::Unsuccessful });
        }
        news.say(name, Look::at(client, &run, &mut failures).await?.line());
        tokio::select! {
            () = tokio::time::sleep(client.look_every().max(LOOK)) => {}
            () = interruption.wait() => {
                output::say(format!("\n{name} goes on; `ec2-ops fleet stop {name}` stops it"));
                return Ok(Exit::Interrupted);
            }
        }
    }
}

/// What is known of a run that runs.
struct Look {
    progress: Option<FleetProgress>,
    /// The rows that have failed, by status.
    failed: BTreeMap<String, u64>,
    started: Timestamp,
    now: Timestamp,
}

impl Look {
    async fn at(client: &Client, run: &FleetRun, known: &mut Failures) -> Result<Self, Failure> {
        let progress = client.fleet_progress(run).await?;
        let failed = match &progress {
            Some(progress) if progress.failed > 0 => {
                client.fleet_failures(&progress.map_run_arn, known, ASKED).await?
            }
            _ => BTreeMap::new(),
        };
        Ok(Self { progress, failed, started: run.execution.started, now: Timestamp::now() })
    }

    /// How many rows have ended with which status. Failures that were not asked for have none.
    fn by_status(&self, progress: &FleetProgress) -> BTreeMap<String, u64> {
        let mut by_status = self.failed.clone();
        if progress.succeeded > 0 {
            by_status.insert("Succeeded".to_owned(), progress.succeeded);
        }
        let unasked = progress.failed.saturating_sub(self.failed.values().sum());
        if unasked > 0 {
            by_status.insert("Failed".to_owned(), unasked);
        }
        by_status
    }

    /// `12 Succeeded, 1 CommandFailed, 10 running, 977 queued; 4.3 rows a minute, about 3 h 47 m left`
    fn line(&self) -> String {
        let Some(progress) = &self.progress else { return "reads its rows".to_owned() };
        let ended = counts(&self.by_status(progress));
        let now = format!("{} running, {} queued", progress.running, progress.queued);
        let parts = [ended, now].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        match (self.rows_per_minute(progress), progress.time_left(self.started, self.now)) {
            (Some(rate), Some(left)) => {
                format!("{parts}; {rate:.1} rows a minute, about {} left", duration(left))
            }
            _ => parts,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn rows_per_minute(&self, progress: &FleetProgress) -> Option<f64> {
        let minutes = self.now.duration_since(self.started).as_secs_f64() / 60.0;
        (progress.ended() > 0 && minutes > 0.0).then(|| progress.ended() as f64 / minutes)
    }
}

async fn show(client: &Client, fleet: &Fleet, as_json: bool) -> Result<(), Failure> {
    let Some(run) = fleet.latest() else { return Ok(()) };
    if run.is_running() {
        let look = Look::at(client, run, &mut Failures::default()).await?;
        return if as_json {
            output::json(&running_json(fleet, run, &look))
        } else {
            let at_once = look.progress.as_ref().map_or(0, |progress| progress.at_once);
            let limit = if at_once == 0 { String::new() } else { format!("\nat most {at_once} at once") };
            output::line(format!("{}\n{}{limit}", head(fleet, run), look.line()))
        };
    }
    let records = client.fleet_records(fleet).await?;
    if as_json {
        output::json(&ended_json(fleet, run, &records))
    } else {
        output::line(ended_text(fleet, run, &records))
    }
}

/// The name, how it stands, and since when.
fn head(fleet: &Fleet, run: &FleetRun) -> String {
    let execution = &run.execution;
    let until = execution.ended.unwrap_or_else(Timestamp::now);
    let took = duration(until.duration_since(execution.started));
    let runs = if run.number == 1 { String::new() } else { format!(", run {}", run.number) };
    format!(
        "{}  {}{runs}\n{}\nstarted {}, {} {took}",
        fleet.name,
        run.status(),
        execution.arn,
        moment(execution.started),
        if execution.ended.is_some() { "took" } else { "runs for" },
    )
}

/// How many rows stand how, after all runs.
fn standings(records: &Records) -> BTreeMap<String, u64> {
    let mut standings: BTreeMap<String, u64> = BTreeMap::new();
    for (_, record) in records.iter() {
        *standings.entry(record.status.clone()).or_default() += 1;
    }
    standings
}

/// `19 Succeeded, 2 CommandFailed`: the successes first.
fn counts(by_status: &BTreeMap<String, u64>) -> String {
    let first = by_status.get_key_value("Succeeded");
    let others = by_status.iter().filter(|(status, _)| *status != "Succeeded");
    let words = first.into_iter().chain(others).map(|(status, count)| format!("{count} {status}"));
    words.collect::<Vec<_>>().join(", ")
}

fn ended_text(fleet: &Fleet, run: &FleetRun, records: &Records) -> String {
    let mut parts = vec![head(fleet, run)];
    parts.extend(run.reason().map(|reason| format!("reason: {reason}")));
    parts.push(format!("{} rows: {}", records.iter().count(), counts(&standings(records))));
    if let Some(summary) = run.summary() {
        parts.push(format!("summary: {}", summary["summary"].as_str().unwrap_or_default()));
    }
    let failed: Vec<_> = records.unsuccessful().collect();
    if !failed.is_empty() {
        let row = |(row, record): &(u32, &Record)| {
            vec![row.to_string(), execution(fleet, *row, record), record.status.clone()]
        };
        parts.push(table(&["ROW", "EXECUTION", "STATUS"], failed.iter().take(NAMED).map(row)));
        if failed.len() > NAMED {
            parts.push(format!("and {} more; --json has all", failed.len() - NAMED));
        }
        let name = &fleet.name;
        parts.push(format!(
            "`ec2-ops fleet logs {name} --failed` shows their output, `ec2-ops fleet again {name}` runs them again"
        ));
    }
    parts.join("\n")
}

/// The name of the execution of a row in its last run.
pub(super) fn execution(fleet: &Fleet, row: u32, record: &Record) -> String {
    match fleet.runs.iter().find(|run| run.number == record.run) {
        Some(run) => run.execution_of(row),
        None => "-".to_owned(),
    }
}

fn running_json(fleet: &Fleet, run: &FleetRun, look: &Look) -> Value {
    let mut shown = summary(&fleet.name, run);
    if let Some(progress) = &look.progress {
        let left = progress.time_left(look.started, look.now).map(|left| left.as_secs());
        shown["map_run_arn"] = progress.map_run_arn.as_str().into();
        shown["rows"] = progress.rows.into();
        shown["queued"] = progress.queued.into();
        shown["running"] = progress.running.into();
        shown["at_once"] = progress.at_once.into();
        shown["by_status"] = json!(look.by_status(progress));
        shown["rows_per_minute"] = json!(look.rows_per_minute(progress));
        shown["seconds_left"] = json!(left);
    }
    shown
}

fn ended_json(fleet: &Fleet, run: &FleetRun, records: &Records) -> Value {
    let failures = records.unsuccessful().map(|(row, record)| {
        let started = record.run > 0;
        json!({
            "row": row,
            "status": record.status,
            "execution": started.then(|| execution(fleet, row, record)),
        })
    });
    let mut shown = summary(&fleet.name, run);
    shown["rows"] = records.iter().count().into();
    shown["by_status"] = json!(standings(records));
    shown["summary"] = run.summary().unwrap_or_default()["summary"].clone();
    shown["reason"] = json!(run.reason());
    shown["failures"] = failures.collect();
    shown
}

/// A fleet in a few fields, for programs.
fn summary(name: &str, run: &FleetRun) -> Value {
    json!({
        "name": name,
        "run": run.number,
        "execution_arn": run.execution.arn,
        "status": run.status(),
        "started_at": run.execution.started,
        "ended_at": run.execution.ended,
    })
}

/// The latest runs of fleets.
async fn list(client: &Client, as_json: bool) -> Result<Exit, Failure> {
    let listing = Listing { limit: LISTED, ..Listing::default() };
    let runs = client.fleets().list(&listing).await?.into_iter().map(FleetRun::of);
    let runs: Vec<_> = runs.collect();
    if as_json {
        output::json(&runs.iter().map(|(name, run)| summary(name, run)).collect::<Vec<_>>())?;
    } else if runs.is_empty() {
        output::say(format!("no fleet in {}", client.place()));
    } else {
        let row = |(name, run): &(String, FleetRun)| {
            let until = run.execution.ended.unwrap_or_else(Timestamp::now);
            vec![
                name.clone(),
                run.number.to_string(),
                run.status().to_owned(),
                moment(run.execution.started),
                duration(until.duration_since(run.execution.started)),
            ]
        };
        output::line(table(&["NAME", "RUN", "STATUS", "STARTED", "TOOK"], runs.iter().map(row)))?;
    }
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_line_counts_the_rows_and_names_the_rate() {
        let started = Timestamp::UNIX_EPOCH;
        let progress = FleetProgress {
            map_run_arn: String::new(),
            rows: 1000,
            queued: 977,
            running: 10,
            succeeded: 11,
            failed: 2,
            at_once: 10,
        };
        let failed = BTreeMap::from([("CommandFailed".to_owned(), 1)]);
        let now = started + SignedDuration::from_mins(2);
        let look = Look { progress: Some(progress), failed, started, now };
        assert_eq!(
            look.line(),
            "11 Succeeded, 1 CommandFailed, 1 Failed, 10 running, 977 queued; 6.5 rows a minute, about 2 h 31 m left"
        );
    }
}
