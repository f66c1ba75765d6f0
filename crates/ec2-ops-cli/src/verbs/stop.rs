//! `stop`: ends executions for good, and waits until nothing of them is left.

use std::time::Duration;

use clap::Args;
use ec2_ops_client::{Client, Execution, Left, Timeline};
use serde_json::json;
use tokio::time::Instant;

use super::DeploymentArgs;
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output::{self, News};

/// Which executions are stopped.
#[derive(Args)]
pub(crate) struct StopArgs {
    /// The executions' names, beginnings of them if no other begins so, or ARNs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// JSON in the place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// How long a launch that was under way may take to be seen in EC2: the time limit of the function that launches.
pub(crate) const LAUNCH: Duration = Duration::from_mins(1);
/// How often EC2 is asked, at most.
pub(crate) const LOOK: Duration = Duration::from_secs(5);

/// Stops the executions.
pub(crate) async fn stop(args: &StopArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let mut executions = Vec::new();
    // All names are looked up before anything is stopped: a wrong one stops nothing.
    for name in &args.names {
        executions.push(client.find(name).await?);
    }
    for execution in executions.iter().filter(|execution| execution.standing().is_running()) {
        client.stop(&execution.arn).await?;
    }
    let mut interruption = Interruption::watch()?;
    let mut stopped = Vec::new();
    for execution in &executions {
        let before = execution.standing();
        let left = tokio::select! {
            left = settled(&client, execution) => left?,
            () = interruption.wait() => {
                output::say("the executions are stopped; the deployment goes on ending their instances");
                return Ok(Exit::Interrupted);
            }
        };
        let how = if before.is_running() { "is stopped".to_owned() } else { format!("had ended: {before}") };
        if !args.json {
            output::line(format!("{} {how}; {left}", execution.name))?;
        }
        stopped.push(json!({
            "name": execution.name,
            "execution_arn": execution.arn,
            "was": before.as_str(),
            "stopped_instances": left.stopped,
            "volumes": left.volumes,
        }));
    }
    if args.json {
        output::json(&stopped)?;
    }
    Ok(Exit::Success)
}

/// Waits until nothing of the execution runs. What is kept on purpose is in the answer.
async fn settled(client: &Client, execution: &Execution) -> Result<Left, Failure> {
    let timeline = client.timeline(&execution.arn).await?;
    let region = region(client, execution, &timeline);
    // A launch that was under way may show up after the stop.
    let launching = is_launching(&timeline) && execution.standing().is_running();
    let sure = Instant::now() + if launching { LAUNCH } else { Duration::ZERO };
    let mut news = News::default();
    loop {
        let left = client.left(&execution.arn, &region).await?;
        if left.is_settled() && (Instant::now() >= sure || !left.stopped.is_empty()) {
            return Ok(left);
        }
        let now = if left.is_settled() {
            "a launch was under way; waiting for it".to_owned()
        } else {
            left.to_string()
        };
        news.say(&execution.name, now);
        tokio::time::sleep(LOOK.min(client.look_every())).await;
    }
}

/// Whether the execution is, or was when it was stopped, in the middle of a launch.
pub(crate) fn is_launching(timeline: &Timeline) -> bool {
    timeline.visits().last().is_some_and(|visit| {
        visit.left.is_none() && timeline.attempts().last().is_none_or(|attempt| attempt.instance.is_none())
    })
}

/// Where the instances are.
fn region(client: &Client, execution: &Execution, timeline: &Timeline) -> String {
    let launched = timeline.attempts().iter().rev().find_map(|attempt| attempt.instance.as_ref());
    let region = launched.map(|instance| instance.region.as_str()).or(execution.region());
    region.unwrap_or(client.region()).to_owned()
}
