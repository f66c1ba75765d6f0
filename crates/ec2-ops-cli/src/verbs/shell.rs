//! `shell`: a session on the instance of an execution, through Session Manager.

use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::Args;

use super::DeploymentArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Which instance is meant.
#[derive(Args)]
pub(crate) struct ShellArgs {
    /// The execution's name, its beginning if no other begins so, or its ARN
    name: String,
    /// Print the command in the place of running it
    #[arg(long)]
    print: bool,
    /// Print the command as a JSON list of its words, in the place of running it
    #[arg(long, conflicts_with = "print")]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Becomes `aws ssm start-session`, or prints it where there is no terminal.
pub(crate) async fn shell(args: &ShellArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let execution = client.find(&args.name).await?;
    let timeline = client.timeline(&execution.arn).await?;
    let Some(instance) = timeline.attempts().last().and_then(|attempt| attempt.instance.as_ref()) else {
        return Err(Failure::Usage(format!(
            "{} has no instance now: it {}",
            execution.name,
            execution.standing()
        )));
    };
    if client.sandbox().is_some() {
        return Err(Failure::Usage(format!(
            "the sandbox has no Session Manager; the guide that `ec2-ops serve` prints says where the files of {} are",
            instance.id
        )));
    }
    let mut words =
        vec!["aws", "ssm", "start-session", "--target", &instance.id, "--region", &instance.region];
    if let Some(profile) = &args.deployment.profile {
        words.extend(["--profile", profile]);
    }
    if args.json {
        output::json(&words)?;
        return Ok(Exit::Success);
    }
    if args.print || !std::io::stdout().is_terminal() {
        output::line(words.join(" "))?;
        return Ok(Exit::Success);
    }
    let error = Command::new(words[0]).args(&words[1..]).exec();
    Err(Failure::Failed(format!(
        "cannot run `{}`: {error}; it needs the AWS CLI and its Session Manager plugin, \
         https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
        words.join(" ")
    )))
}
