//! `show`: one execution, its attempts and their states, and what it waits for.

use clap::Args;
use ec2_ops_client::{Attempt, Execution, Timeline, Visit, duration, moment};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::DeploymentArgs;
use super::list::summary;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::words::table;

/// Which execution is shown.
#[derive(Args)]
pub(crate) struct ShowArgs {
    /// The execution's name, its beginning if no other begins so, or its ARN
    name: String,
    /// JSON in the place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Shows the execution.
pub(crate) async fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let execution = client.find(&args.name).await?;
    let timeline = client.timeline(&execution.arn).await?;
    if args.json {
        output::json(&as_json(&execution, &timeline))?;
    } else {
        output::line(as_text(&execution, &timeline))?;
    }
    Ok(Exit::Success)
}

fn as_text(execution: &Execution, timeline: &Timeline) -> String {
    let until = execution.ended.unwrap_or_else(Timestamp::now);
    let took = duration(until.duration_since(execution.started));
    let mut parts = vec![format!(
        "{}  {}\n{}\nstarted {}, {} {took}",
        execution.name,
        execution.standing(),
        execution.arn,
        moment(execution.started),
        if execution.ended.is_some() { "took" } else { "runs for" },
    )];
    for attempt in timeline.attempts() {
        parts.push(attempt_text(attempt, timeline.visits(), execution.ended));
    }
    if let Some(waiting) = timeline.waiting() {
        let until =
            waiting.until.map(|until| format!(", at most until {}", moment(until))).unwrap_or_default();
        parts.push(format!("waits in {} for: {}{until}", waiting.state, waiting.reason));
    }
    let has_reason = timeline.attempts().last().is_some_and(|attempt| attempt.reason.is_some());
    if let Some(reason) = execution.reason().filter(|_| !has_reason) {
        parts.push(format!("reason: {reason}"));
    }
    let outcome = execution.outcome().unwrap_or_default();
    let warnings = outcome["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    parts.extend(warnings.map(|warning| format!("warning: {warning}")));
    parts.join("\n\n")
}

fn attempt_text(attempt: &Attempt, visits: &[Visit], ended: Option<Timestamp>) -> String {
    let status = attempt.status.as_ref().map(|status| format!("  {status}")).unwrap_or_default();
    let mut lines = vec![format!("attempt {}{status}", attempt.number)];
    if let Some(instance) = &attempt.instance {
        lines.push(format!("  instance {} ({}, {})", instance.id, instance.market, instance.region));
    }
    if let Some(command) = &attempt.command {
        lines.push(format!("  command  {}", command.id));
        lines.extend(command.logs.iter().map(|place| format!("  output   {place}")));
    }
    let visits = visits.iter().filter(|visit| visit.attempt == attempt.number);
    lines.push(table(
        &["  STATE", "TOOK", "TRIES", "LAST ERROR"],
        visits.map(|visit| visit_row(visit, ended)),
    ));
    let reason = attempt.reason.iter().map(|reason| format!("  reason: {}", reason.replace('\n', "\n    ")));
    lines.extend(reason);
    lines.join("\n")
}

fn visit_row(visit: &Visit, ended: Option<Timestamp>) -> Vec<String> {
    let left = visit.left.or(ended);
    let until = left.unwrap_or_else(Timestamp::now);
    let took = duration(until.duration_since(visit.entered));
    let error = visit.error.as_ref().map(|(name, message)| format!("{name}: {message}")).unwrap_or_default();
    vec![
        format!("  {}", visit.state),
        if left.is_some() { took } else { format!("{took} …") },
        if visit.tries > 0 { visit.tries.to_string() } else { String::new() },
        error.lines().next().unwrap_or_default().to_owned(),
    ]
}

fn as_json(execution: &Execution, timeline: &Timeline) -> Value {
    let states = |attempt: &Attempt| -> Vec<_> {
        let visits = timeline.visits().iter().filter(|visit| visit.attempt == attempt.number);
        visits
            .map(|visit| {
                json!({
                    "state": visit.state,
                    "entered_at": visit.entered,
                    "left_at": visit.left,
                    "tries": visit.tries,
                    "last_error": visit.error.as_ref().map(|(name, message)| json!({ "name": name, "message": message })),
                })
            })
            .collect()
    };
    let attempts = timeline.attempts().iter().map(|attempt| {
        json!({
            "attempt": attempt.number,
            "status": attempt.status,
            "reason": attempt.reason,
            "instance": attempt.instance.as_ref().map(|i| json!({ "id": i.id, "region": i.region, "market": i.market })),
            "command": attempt.command.as_ref().map(|c| json!({ "id": c.id, "logs": c.logs, "end_by": c.end_by })),
            "states": states(attempt),
        })
    });
    let waiting = timeline.waiting();
    let mut shown = summary(execution);
    shown["attempts"] = attempts.collect();
    shown["waiting"] =
        json!(waiting.map(|w| json!({ "state": w.state, "reason": w.reason, "until": w.until })));
    shown["outcome"] = json!(execution.outcome());
    shown
}
