//! `list`: the latest executions, by outcome.

use clap::Args;
use ec2_ops_client::{Execution, Listing, duration, moment};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::DeploymentArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::words::table;

/// Which executions are listed.
#[derive(Args)]
pub(crate) struct ListArgs {
    /// Only those that stand so: Running, or an outcome such as Succeeded or CommandFailed; may be repeated
    #[arg(long, value_name = "STATUS", value_parser = standing)]
    status: Vec<String>,
    /// Only those that were started since then: 30m, 12h, 7d, or a time such as 2026-11-25T06:00:00Z
    #[arg(long, value_name = "AGE|TIME", value_parser = |text: &str| since(text, Timestamp::now()))]
    since: Option<Timestamp>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,
    /// JSON in the place of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Lists the executions, the latest first.
pub(crate) async fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let listing = Listing { standings: args.status.clone(), since: args.since, limit: args.limit };
    let executions = client.list(&listing).await?;
    if args.json {
        output::json(&executions.iter().map(summary).collect::<Vec<_>>())?;
    } else if executions.is_empty() {
        let such = if args.status.is_empty() && args.since.is_none() { "" } else { "such " };
        output::say(format!("no {such}execution in {}", client.place()));
    } else {
        output::line(table(&["NAME", "STATUS", "STARTED", "TOOK", "REASON"], executions.iter().map(row)))?;
    }
    Ok(Exit::Success)
}

fn row(execution: &Execution) -> Vec<String> {
    let until = execution.ended.unwrap_or_else(Timestamp::now);
    let reason = execution.reason().unwrap_or_default();
    vec![
        execution.name.clone(),
        execution.standing().to_string(),
        moment(execution.started),
        duration(until.duration_since(execution.started)),
        reason.lines().next().unwrap_or_default().to_owned(),
    ]
}

/// An execution in a few fields, for programs.
pub(crate) fn summary(execution: &Execution) -> Value {
    json!({
        "name": execution.name,
        "execution_arn": execution.arn,
        "status": execution.standing().as_str(),
        "started_at": execution.started,
        "ended_at": execution.ended,
        "reason": execution.reason(),
    })
}

/// The statuses of `docs/errors.md`, and the one of an execution that has none yet.
fn standing(text: &str) -> Result<String, String> {
    let known: Vec<_> = std::iter::once(ec2_ops_client::RUNNING)
        .chain(ec2_ops::Status::ALL.iter().map(|status| status.as_str()))
        .collect();
    match known.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        Some(word) => Ok((*word).to_owned()),
        None => Err(format!("expected one of {}", known.join(", "))),
    }
}

/// A time, or an age such as `12h`.
pub(crate) fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let expected =
        || "expected an age such as 30m, 12h or 7d, or a time such as 2026-11-25T06:00:00Z".to_owned();
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(expected)?;
    let number: i64 = number.parse().ok().filter(|number| *number >= 0).ok_or_else(expected)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(expected()),
    };
    let age = number.checked_mul(seconds).map(SignedDuration::from_secs).ok_or_else(expected)?;
    now.checked_sub(age).map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_or_refused_with_those_that_are() {
        assert_eq!(standing("commandfailed").unwrap(), "CommandFailed");
        assert_eq!(standing("Running").unwrap(), "Running");
        assert!(standing("Failed").unwrap_err().contains("CommandFailed"));
    }

    #[test]
    fn since_takes_ages_and_times_and_nothing_else() {
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        let since = |text: &str| since(text, now);
        let age = |text: &str| now.duration_since(since(text).unwrap()).as_secs();
        assert_eq!((age("90s"), age("30m"), age("12h"), age("7d")), (90, 1_800, 43_200, 604_800));
        assert_eq!(since("2026-11-25T06:00:00Z").unwrap().as_second(), 1_795_586_400);
        for wrong in ["", "m", "-3m", "3w", "yesterday", "9999999999999999d", "ä"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
