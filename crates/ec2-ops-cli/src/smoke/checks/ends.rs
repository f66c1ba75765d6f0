//! How instances end, and the functions that see to it.

use ec2_ops_client::{Invoked, Left, duration};
use jiff::SignedDuration;
use serde_json::json;
use tokio::time::Instant;

use super::Found;
use super::buckets::without_bucket;
use crate::smoke::site::{Trial, Wrong, expect};

const FOR_LONG: &str = "sleep 600";

/// Each function starts, and refuses what no part of the system sends.
pub(super) async fn functions(trial: &Trial<'_>) -> Found {
    let functions = trial.client.machine().await?.functions;
    for arn in &functions {
        match trial.client.invoke(arn, &json!({})).await? {
            Invoked::Failed { error, .. } if error == "InternalError" => {}
            other => return Err(Wrong::Found(format!("{arn} answered {other:?}"))),
        }
    }
    expect(functions.len() == 5, || format!("the state machine invokes {functions:?}"))?;
    Ok(format!("{} functions answer", functions.len()))
}

/// The event of an abort ends the instance.
pub(super) async fn stop_execution(trial: &Trial<'_>) -> Found {
    let arn = trial.start(&trial.document(&[FOR_LONG])).await?;
    trial.commands_run(&arn).await?;
    trial.client.stop(&arn).await?;
    let stopped = Instant::now();
    trial.nothing_is_left(&arn).await?;
    let took = SignedDuration::try_from(stopped.elapsed()).unwrap_or_default();
    Ok(format!("nothing was left {} after the stop", duration(took)))
}

/// A command that is cancelled ends the execution, and no other attempt follows.
pub(super) async fn cancel(trial: &Trial<'_>) -> Found {
    let mut document = trial.document(&[FOR_LONG]);
    document["run_options"]["n_retries_allowed"] = json!(1);
    let arn = trial.start(&document).await?;
    let instance = trial.commands_run(&arn).await?;
    let timeline = trial.client.timeline(&arn).await?;
    let command = timeline.attempts().last().and_then(|attempt| attempt.command.as_ref());
    let command = command.ok_or_else(|| Wrong::Found("no command is named".to_owned()))?;
    trial.client.cancel(&instance.region, &command.id).await?;
    let run = trial.ended(&arn).await?;
    run.expect("Cancelled")?;
    trial.nothing_is_left(&arn).await?;
    let attempts = run.timeline.attempts().len();
    expect(attempts == 1, || format!("{attempts} attempts were made"))?;
    Ok(run.text("reason"))
}

/// The sweeper ends an instance whose execution is over.
pub(super) async fn orphan(trial: &Trial<'_>) -> Found {
    let over = trial.run(&without_bucket(trial)).await?;
    let instance = trial.launch_for(&over.arn).await?;
    let launched = Instant::now();
    let event = json!({ "detail-type": "Scheduled Event", "account": trial.client.account() });
    // A listing may lack a new instance; the schedule asks again, too.
    trial
        .until("the orphan still runs", async || {
            if let Invoked::Failed { error, message } = trial.invoke("EC2Stopper", &event).await? {
                return Err(Wrong::Found(format!("the sweeper failed: {error}: {message}")));
            }
            Ok((trial.client.is_ending(trial.client.region(), &instance).await?).then_some(()))
        })
        .await?;
    trial.nothing_is_left(&over.arn).await?;
    let took = SignedDuration::try_from(launched.elapsed()).unwrap_or_default();
    Ok(format!("{instance} was ended within {}", duration(took)))
}

/// A Spot instance is launched, runs commands and is terminated.
pub(super) async fn spot(trial: &Trial<'_>) -> Found {
    let mut document = trial.document(&["true"]);
    document["run_options"]["ii_cheapo"] = json!(true);
    // The last attempt is always on demand.
    document["run_options"]["n_retries_allowed"] = json!(1);
    let run = trial.run(&document).await?;
    run.expect("Succeeded")?;
    let (market, tried) = (run.text("market"), run.attempt("tried"));
    expect(market == "spot" || tried != json!(null), || format!("it was {market}, and Spot was not tried"))?;
    Ok(if tried.is_null() { market } else { format!("{market}, after {tried}") })
}

/// An instance is stopped, and its volume is deleted.
pub(super) async fn stopped(trial: &Trial<'_>) -> Found {
    let mut document = trial.document(&["true"]);
    document["run_options"]["ii_terminate_instance"] = json!(false);
    let arn = trial.start(&document).await?;
    let run = trial.ended(&arn).await?;
    run.expect("Succeeded")?;
    let left = trial.left(&arn).await?;
    let volumes = trial.client.volumes(&arn, trial.client.region()).await?;
    trial.client.terminate(trial.client.region(), &left.stopped).await?;
    let [instance] = left.stopped.as_slice() else { return Err(Wrong::Found(left.to_string())) };
    expect(left == Left { stopped: left.stopped.clone(), ..Left::default() }, || left.to_string())?;
    expect(volumes.is_empty(), || format!("the volumes are {volumes:?}"))?;
    trial.nothing_is_left(&arn).await?;
    Ok(format!("{instance} was stopped, and had no volume any more"))
}
