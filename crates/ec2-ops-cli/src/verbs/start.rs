//! `start`: starts executions, and watches them if asked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use ec2_ops_client::{Client, duration};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::DeploymentArgs;
use super::watch::{Watch, outcome};
use crate::documents::{self, Assignment};
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output;

/// What is started.
#[derive(Args)]
pub(crate) struct StartArgs {
    /// Execution documents, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The execution's name; made from the file's name if not given
    #[arg(long)]
    name: Option<String>,
    /// Change a field of the document: run_options.timeout_s=60, commands[0]='echo hi'. The value is JSON, else text
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<Assignment>,
    /// Show the progress, and print the outcome at the end
    #[arg(long)]
    wait: bool,
    /// Wait no longer than this many seconds; the execution goes on
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    timeout: Option<u64>,
    /// Do not show the output of the commands
    #[arg(long, requires = "wait")]
    quiet: bool,
    /// JSON in the place of names
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// An execution that was started.
struct Started {
    name: String,
    arn: String,
    document: Value,
    at: Timestamp,
}

/// Starts an execution of each document.
pub(crate) async fn start(args: &StartArgs) -> Result<Exit, Failure> {
    if args.name.is_some() && args.files.len() > 1 {
        return Err(Failure::Usage("--name is for one document, and there are several".to_owned()));
    }
    // All of them are checked before the first is started.
    let Some(documents) = documents::valid(&args.files, &args.set)? else { return Ok(Exit::Usage) };
    let client = args.deployment.connect().await?;
    let mut started = Vec::new();
    for (file, document) in args.files.iter().zip(documents) {
        let name = args.name.clone().unwrap_or_else(|| name_of(file));
        let arn = client.start(&name, &document.to_string()).await?;
        output::say(format!("started {name} in {}", client.place()));
        started.push(Started { name, arn, document, at: Timestamp::now() });
    }
    if args.wait {
        return wait(&client, &started, args).await;
    }
    if args.json {
        let executions = started.iter().map(|one| json!({ "name": one.name, "execution_arn": one.arn }));
        output::json(&executions.collect::<Vec<_>>())?;
    } else {
        for one in &started {
            output::line(&one.name)?;
        }
    }
    Ok(Exit::Success)
}

/// Watches the executions, one after the other: what happened to a later one meanwhile is shown when its turn comes.
async fn wait(client: &Client, started: &[Started], args: &StartArgs) -> Result<Exit, Failure> {
    let mut interruption = Interruption::watch()?;
    let mut exit = Exit::Success;
    for one in started {
        if started.len() > 1 {
            output::say(format!("{}:", one.name));
        }
        let mut watch = Watch::new(client, &one.arn, &one.document, one.at, args.quiet);
        let ended = tokio::select! {
            ended = watch.until_the_end(args.timeout.map(Duration::from_secs)) => ended?,
            () = interruption.wait() => {
                output::say(format!("\n{} goes on; `ec2-ops stop {}` stops it", one.name, one.name));
                return Ok(Exit::Interrupted);
            }
        };
        exit = exit.max(match ended {
            Some(execution) => {
                output::json(&outcome(&execution))?;
                Exit::of(&execution.standing())
            }
            None => {
                let limit = SignedDuration::from_secs(args.timeout.unwrap_or_default().cast_signed());
                let limit = duration(limit);
                output::say(format!(
                    "{} still runs after {limit}; `ec2-ops show {}` says where it is",
                    one.name, one.name
                ));
                Exit::StillRunning
            }
        });
    }
    Ok(exit)
}

/// The most characters of an execution's name, and how many of them keep two executions of one file apart.
const LONGEST: usize = 80;
const RANDOM: usize = 8;

/// `hello-3fa9c1d2` for `examples/hello.json`.
pub(crate) fn name_of(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = stem.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c));
    let plain: String = plain.take(LONGEST - RANDOM - 1).collect();
    let plain = if plain.is_empty() || plain == "-" { "run" } else { &plain };
    format!("{plain}-{:08x}", fastrand::u32(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_file_and_fits_into_step_functions() {
        let name = name_of(Path::new("examples/hello.json"));
        assert!(name.starts_with("hello-") && name.len() == "hello-".len() + RANDOM, "{name}");
        assert!(name_of(Path::new("-")).starts_with("run-"));
        assert!(name_of(Path::new("día 1 $.json")).starts_with("da1-"));
        assert!(name_of(Path::new(&"x".repeat(200))).len() <= LONGEST);
    }
}
