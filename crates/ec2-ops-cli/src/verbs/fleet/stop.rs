//! `fleet stop`: ends fleets for good, and waits until nothing of them is left.

use std::collections::BTreeSet;

use clap::Args;
use ec2_ops_client::{Client, FleetRun, Left};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;
use tokio::time::Instant;

use super::super::DeploymentArgs;
use super::super::stop::{LAUNCH, LOOK, is_launching};
use super::latest;
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output::{self, News};

/// Which fleets are stopped.
#[derive(Args)]
pub(crate) struct StopArgs {
    /// The fleets' names, or beginnings of them if no other begins so
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// JSON in the place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// How many executions are asked for their histories at once.
const AT_ONCE: usize = 8;

/// Stops the fleets.
pub(crate) async fn stop(args: &StopArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let mut fleets = Vec::new();
    // All names are looked up before anything is stopped: a wrong one stops nothing.
    for name in &args.names {
        fleets.push(latest(&client, name).await?);
    }
    let mut interruption = Interruption::watch()?;
    let mut stopped = Vec::new();
    for (fleet, run) in &fleets {
        let before = run.status();
        let mut stopping = Stopping { client: &client, run, ran: BTreeSet::new() };
        let left = tokio::select! {
            left = stopping.settle() => left?,
            () = interruption.wait() => {
                output::say("the fleets are stopped; the deployment goes on ending their instances");
                return Ok(Exit::Interrupted);
            }
        };
        if !args.json {
            let how = if run.is_running() { "is stopped".to_owned() } else { format!("had ended: {before}") };
            let ran = stopping.ran.len();
            output::line(format!("{} {how}; {ran} rows were running; {left}", fleet.name))?;
        }
        stopped.push(json!({
            "name": fleet.name,
            "execution_arn": run.execution.arn,
            "was": before,
            "stopped_rows": stopping.ran.len(),
            "stopped_instances": left.stopped,
            "volumes": left.volumes,
        }));
    }
    if args.json {
        output::json(&stopped)?;
    }
    Ok(Exit::Success)
}

/// A run on its way to an end.
struct Stopping<'a> {
    client: &'a Client,
    run: &'a FleetRun,
    /// The executions that have been seen running.
    ran: BTreeSet<String>,
}

impl Stopping<'_> {
    /// Stops it, and waits until nothing of it runs. What is kept on purpose is in the answer.
    async fn settle(&mut self) -> Result<Left, Failure> {
        // Before the stop, or those that Step Functions stops at once would not be known.
        self.running().await?;
        if self.run.is_running() {
            self.client.stop(&self.run.execution.arn).await?;
        }
        let (run, mut news) = (self.run, News::default());
        let name = &run.execution.name;
        loop {
            let running = self.running().await?;
            if running.is_empty() {
                break;
            }
            // Step Functions stops the rows, as far as the fleet has heard of their starts.
            for arn in &running {
                self.client.stop(arn).await?;
            }
            news.say(name, format!("{} rows still run", running.len()));
            self.pause().await;
        }
        // A launch that was under way may show up after the stop.
        let launching = self.launching().await?;
        let sure = if launching == 0 { Instant::now() } else { Instant::now() + LAUNCH };
        let regions = self.client.fleet_regions(self.run).await?;
        loop {
            let left = self.left(&regions).await?;
            if left.is_settled() && Instant::now() >= sure {
                return Ok(left);
            }
            let now = if left.is_settled() {
                format!("{launching} launches were under way; waiting for them")
            } else {
                format!("{} instances run, {} are ending", left.running.len(), left.ending.len())
            };
            news.say(name, now);
            self.pause().await;
        }
    }

    /// The executions of the run that are running. They are remembered.
    async fn running(&mut self) -> Result<Vec<String>, Failure> {
        let running = self.client.fleet_running(self.run).await?;
        self.ran.extend(running.iter().cloned());
        Ok(running)
    }

    /// How many of the executions that ran were in the middle of a launch.
    async fn launching(&self) -> Result<usize, Failure> {
        let timelines = stream::iter(&self.ran).map(|arn| self.client.timeline(arn)).buffered(AT_ONCE);
        let timelines: Vec<_> = timelines.try_collect().await?;
        Ok(timelines.iter().filter(|timeline| is_launching(timeline)).count())
    }

    async fn left(&self, regions: &BTreeSet<String>) -> Result<Left, Failure> {
        let mut all = Left::default();
        for region in regions {
            let Left { running, ending, stopped, volumes } = self.client.fleet_left(self.run, region).await?;
            all.running.extend(running);
            all.ending.extend(ending);
            all.stopped.extend(stopped);
            all.volumes.extend(volumes);
        }
        Ok(all)
    }

    async fn pause(&self) {
        tokio::time::sleep(LOOK.min(self.client.look_every())).await;
    }
}
