//! `run`: executions in a sandbox of their own, with progress to their end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use ec2_ops_client::{Client, Execution};
use ec2_ops_sandbox::Sandbox;
use ec2_ops_sandbox::fault_plan::FaultPlan;
use jiff::Timestamp;
use serde_json::Value;

use crate::documents::{self, Assignment};
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::local::{self, SandboxArgs};
use crate::verbs::start::name_of;
use crate::verbs::watch::{Watch, outcome};
use crate::{leftovers, objects, output};

/// What is run.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// Execution documents, or - for standard input; one after the other, in one sandbox
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change a field of the document: run_options.timeout_s=60, commands[0]='echo hi'. The value is JSON, else text
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<Assignment>,
    /// Show the states only, and not the output of the commands
    #[arg(long)]
    quiet: bool,
    /// Keep the objects of S3 in this directory, as BUCKET/KEY
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    sandbox: SandboxArgs,
}

/// Runs the documents, and prints their outcomes.
pub(crate) async fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let Some(mut documents) = documents::valid(&args.files, &args.set)? else { return Ok(Exit::Usage) };
    documents.iter_mut().for_each(without_message);
    // Before anything runs: the objects would be lost.
    if let Some(out) = &args.out {
        let unusable = |error| Failure::Usage(format!("--out {}: {error}", out.display()));
        std::fs::create_dir_all(out).map_err(unusable)?;
    }
    let mut interruption = Interruption::watch()?;
    let directory = local::directory()?;
    let buckets = [args.sandbox.buckets.clone(), missing_buckets(&documents, &args.sandbox.buckets)].concat();
    let (triggers, faults) = (BTreeMap::new(), FaultPlan::default());
    let sandbox = local::start(0, directory.path(), None, &buckets, triggers, faults).await?;
    output::say(format!("a sandbox for this run is at {}", sandbox.url()));
    let ended = tokio::select! {
        ended = all(&sandbox, &documents, args) => Some(ended),
        () = interruption.wait() => None,
    };
    match ended {
        Some(_) => output::say(leftovers::sentence(sandbox.account()).await),
        None => output::say("\ninterrupted: ending everything"),
    }
    let files = args.out.clone().or_else(|| args.sandbox.keep.then(|| directory.path().join("s3")));
    let kept = files.as_deref().map_or(Ok(()), |files| objects::keep(&sandbox.account().s3, files));
    sandbox.shut_down().await.map_err(Failure::failed)?;
    local::keep(directory, &args.sandbox);
    let Some(ended) = ended else { return Ok(Exit::Interrupted) };
    let exit = report(&ended?, files.as_deref());
    kept?;
    exit
}

/// The buckets that the documents' output goes to: on AWS they have to be there, here the run makes them.
fn missing_buckets(documents: &[Value], named: &[String]) -> Vec<String> {
    let jobs = documents.iter().filter_map(|document| documents::resolve(document).ok());
    let mut missing: Vec<String> = Vec::new();
    for bucket in jobs.filter_map(|job| job.output.map(|output| output.target.bucket().to_owned())) {
        if bucket != local::OUTPUT_BUCKET && !named.contains(&bucket) && !missing.contains(&bucket) {
            output::say(format!("the sandbox gets the bucket {bucket}; on AWS it has to be there"));
            missing.push(bucket);
        }
    }
    missing
}

/// Takes the topic out of the document: a sandbox has none, and a deployment without it would refuse the document.
fn without_message(document: &mut Value) {
    let options = document.get_mut("run_options").and_then(Value::as_object_mut);
    if let Some(topic) = options.and_then(|options| options.remove("notify")) {
        output::say(format!("the sandbox sends no message; on AWS the topic {topic} gets one"));
    }
}

async fn all(sandbox: &Sandbox, documents: &[Value], args: &RunArgs) -> Result<Vec<Execution>, Failure> {
    let client = Client::of_sandbox(local::served(sandbox));
    let mut ended = Vec::new();
    for (file, document) in args.files.iter().zip(documents) {
        if documents.len() > 1 {
            output::say(format!("{}:", file.display()));
        }
        let arn = client.start(&name_of(file), &document.to_string()).await?;
        let mut watch = Watch::new(&client, &arn, document, Timestamp::now(), args.quiet);
        ended.extend(watch.until_the_end(None).await?);
    }
    Ok(ended)
}

fn report(ended: &[Execution], files: Option<&Path>) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for execution in ended {
        let mut outcome = outcome(execution);
        if let Some(files) = files {
            objects::lead_to_files(&mut outcome, files);
        }
        exit = exit.max(Exit::of(&execution.standing()));
        // A reader that has gone does not change how the executions ended.
        match output::json(&outcome) {
            Err(Failure::Closed) => {}
            printed => printed?,
        }
    }
    Ok(exit)
}
