//! `serve`: a sandbox that runs until Ctrl-C.

use std::io::ErrorKind;
use std::path::Path;

use clap::Args;
use ec2_ops::ids::StateMachineId;
use ec2_ops_client::Client;
use ec2_ops_console::{Backstage, Console};
use ec2_ops_sandbox::Sandbox;
use ec2_ops_sandbox::fault_plan::{Fault, FaultPlan};

use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::local::{self, SandboxArgs};
use crate::triggers::{self, TriggerArg};
use crate::{objects, output};

/// What is served.
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// The port of the console on 127.0.0.1; 0 takes any free one. By default the next port, or any free one if that is in use
    #[arg(long, value_name = "PORT")]
    console_port: Option<u16>,
    /// Enforce AWS's quotas: token buckets of EC2, SSM and Step Functions, and Lambda's concurrency
    #[arg(long)]
    quotas: bool,
    /// The access key id that clients must use, of letters and digits; by default a random one of each start
    ///
    /// With a key that others know, every user of this machine can run commands as you.
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// A fault, which happens once: `throttle RunInstances 3` throttles the third call; may be repeated
    ///
    /// docs/sandbox.md lists the faults. What has not happened by the end is said then.
    #[arg(long = "fault", value_name = "FAULT WHERE [N]")]
    faults: Vec<Fault>,
    /// Start a document for each new object under a prefix, with the variables INPUT_BUCKET and INPUT_KEY; may be repeated
    #[arg(long = "trigger", value_name = "BUCKET[/PREFIX]=FILE")]
    triggers: Vec<TriggerArg>,
    #[command(flatten)]
    sandbox: SandboxArgs,
}

/// Serves until Ctrl-C, with AWS's quotas if they are asked for, to clients that have the access key.
pub(crate) async fn serve(args: &ServeArgs) -> Result<Exit, Failure> {
    let mut interruption = Interruption::watch()?;
    let Some(triggers) = triggers::valid(&args.triggers)? else { return Ok(Exit::Usage) };
    let directory = local::directory()?;
    let mut buckets = args.sandbox.buckets.clone();
    buckets.extend(args.triggers.iter().map(|trigger| trigger.bucket().to_owned()));
    let (key, faults) = (args.key.as_deref(), FaultPlan::new(args.faults.iter().copied()));
    let sandbox = local::start(args.port, directory.path(), key, &buckets, triggers, faults.clone()).await?;
    if args.quotas {
        sandbox.account().platform.quotas.enforce();
    }
    let mut served = local::served(&sandbox);
    let backstage =
        Backstage { journal: sandbox.account().platform.journal.clone(), faults: sandbox.faults().clone() };
    let console = open_console(args, Client::of_sandbox(served.clone()), backstage).await?;
    served.console_url = Some(console.url());
    let announced = served.announce();
    let announced =
        announced.map_err(|error| Failure::failed(format!("cannot announce the sandbox: {error}")))?;
    // The sandbox stays up even if the reader of the guide has gone.
    match output::line(guide(&sandbox, &console.url(), directory.path())) {
        Err(Failure::Closed) => {}
        printed => printed?,
    }
    tokio::select! {
        () = interruption.wait() => {}
        () = console.serve() => {}
    }
    for fault in faults.unfired() {
        output::say(format!("this fault did not happen: {fault}"));
    }
    drop(announced);
    let files = args.sandbox.keep.then(|| directory.path().join("s3"));
    let kept = files.map_or(Ok(()), |files| objects::keep(&sandbox.account().s3, &files));
    sandbox.shut_down().await.map_err(Failure::failed)?;
    local::keep(directory, &args.sandbox);
    kept.map(|()| Exit::Success)
}

/// The console, at the port that is asked for, or at one near that of the sandbox.
async fn open_console(args: &ServeArgs, client: Client, backstage: Backstage) -> Result<Console, Failure> {
    let near = if args.port == 0 { 0 } else { args.port.saturating_add(1) };
    let behind = Some(backstage.clone());
    let opened = match Console::bind(args.console_port.unwrap_or(near), client.clone(), behind).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && args.console_port.is_none() => {
            Console::bind(0, client, Some(backstage)).await
        }
        opened => opened,
    };
    opened.map_err(|error| Failure::failed(format!("cannot open the console: {error}")))
}

fn guide(sandbox: &Sandbox, console: &str, directory: &Path) -> String {
    let (url, region, state_machine) = (sandbox.url(), &sandbox.names().region, sandbox.state_machine_arn());
    let first = StateMachineId::new(state_machine).execution("first");
    let directory = directory.display();
    format!(
        "A sandbox AWS account is at {url}. In a browser:

  {console}

or in another terminal:

  ec2-ops start examples/hello.json --wait      (`cargo ops start …` in a clone)
  ec2-ops list
  ec2-ops show hello
  ec2-ops logs hello

or with any AWS client:

  export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region}
  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY=sandbox

  aws stepfunctions start-execution --state-machine-arn {state_machine} \\
      --name first --input file://examples/hello.json
  aws stepfunctions describe-execution --execution-arn {first}
  aws ec2 describe-instances --filters Name=tag:ec2-ops:execution,Values={first}
  aws ssm list-command-invocations
  aws s3 ls s3://sandbox-output --recursive

The logs of the functions are in {directory}/logs,
the output of the commands in s3://{logs}, the files of the instances in {directory}/instances.

Ctrl-C ends it and everything that runs in it.",
        key = sandbox.keys().owner(),
        logs = sandbox.names().log_bucket,
    )
}
