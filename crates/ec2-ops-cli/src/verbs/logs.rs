//! `logs`: what the commands of an execution print.

use std::io::IsTerminal as _;

use clap::Args;
use ec2_ops_client::{Attempt, Client, Line, Stream, Timeline};
use serde_json::json;

use super::DeploymentArgs;
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output;
use crate::style::{Style, Tone};

/// Which output is read.
#[derive(Args)]
pub(crate) struct LogsArgs {
    /// The execution's name, its beginning if no other begins so, or its ARN
    name: String,
    /// Go on until the execution ends
    #[arg(short, long)]
    follow: bool,
    /// The attempt; the latest if not given
    #[arg(long, value_name = "NUMBER")]
    attempt: Option<u32>,
    /// A JSON object for each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Prints what the commands print: stdout to stdout, stderr to stderr.
pub(crate) async fn logs(args: &LogsArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let execution = client.find(&args.name).await?;
    if args.follow && execution.standing().is_running() {
        let mut interruption = Interruption::watch()?;
        return tokio::select! {
            followed = follow(&client, &execution.arn, args) => followed,
            () = interruption.wait() => Ok(Exit::Interrupted),
        };
    }
    let timeline = client.timeline(&execution.arn).await?;
    let Some(attempt) = chosen(&timeline, args.attempt)? else {
        output::say(format!("{} has sent no commands yet", execution.name));
        return Ok(Exit::Success);
    };
    match read(&client, attempt).await? {
        Some(lines) => print(&lines, (None, attempt.number), args.json)?,
        None => output::say(format!(
            "the output of attempt {} of {} is kept nowhere, or not yet",
            attempt.number, execution.name
        )),
    }
    Ok(Exit::Success)
}

/// The attempt with that number, or the latest that has sent its commands.
fn chosen(timeline: &Timeline, number: Option<u32>) -> Result<Option<&Attempt>, Failure> {
    let attempts = timeline.attempts();
    let Some(number) = number else {
        return Ok(attempts.iter().rfind(|attempt| attempt.command.is_some()));
    };
    match attempts.iter().find(|attempt| attempt.number == number) {
        Some(attempt) => Ok(Some(attempt).filter(|attempt| attempt.command.is_some())),
        None => {
            Err(Failure::Usage(format!("there is no attempt {number}; {} have been made", attempts.len())))
        }
    }
}

/// What there is by now: from CloudWatch Logs, else from S3.
pub(crate) async fn read(client: &Client, attempt: &Attempt) -> Result<Option<Vec<Line>>, Failure> {
    if let Some(mut reader) = client.log_reader(attempt) {
        let lines = reader.read().await?;
        if !lines.is_empty() {
            return Ok(Some(lines));
        }
    }
    Ok(client.uploaded_output(attempt).await?)
}

async fn follow(client: &Client, arn: &str, args: &LogsArgs) -> Result<Exit, Failure> {
    let (mut history, mut timeline, mut logs) =
        (client.history(arn), Timeline::default(), client.follow_logs());
    loop {
        timeline.extend(&history.read().await?);
        if let Some(attempt) = followed(&timeline, args.attempt) {
            logs.go_on_to(attempt);
        }
        let (number, lines) = logs.read().await?;
        print(&lines, (None, number), args.json)?;
        if timeline.ended() {
            return Ok(Exit::Success);
        }
        tokio::time::sleep(client.look_every()).await;
    }
}

/// The attempt to read: the one that is asked for, or the latest that has sent its commands.
fn followed(timeline: &Timeline, number: Option<u32>) -> Option<&Attempt> {
    let wanted = |attempt: &&Attempt| number.is_none_or(|number| attempt.number == number);
    timeline.attempts().iter().filter(wanted).rfind(|attempt| attempt.command.is_some())
}

/// Prints the lines of an attempt, of the row of a fleet if there is one.
pub(crate) fn print(
    lines: &[Line],
    (row, attempt): (Option<u32>, u32),
    as_json: bool,
) -> Result<(), Failure> {
    // Both streams on one terminal: then the colour tells them apart.
    let style = Style::of_stderr();
    let together = std::io::stdout().is_terminal();
    for line in lines {
        match line.stream {
            _ if as_json => {
                let mut shown = json!({
                    "at": line.at, "attempt": attempt, "stream": line.stream.as_str(), "text": line.text,
                });
                if let Some(row) = row {
                    shown["row"] = row.into();
                }
                output::line(shown)?;
            }
            Stream::Stdout => output::line(&line.text)?,
            Stream::Stderr if together => output::say(style.paint(Tone::Bad, &line.text)),
            Stream::Stderr => output::say(&line.text),
        }
    }
    Ok(())
}
