//! `serve`: a sandbox that stays up.

use std::process::ExitCode;

use crate::SandboxArgs;
use crate::run::{directory, interrupted, keep, start};

/// Serves until Ctrl-C.
pub(crate) async fn serve(port: u16, args: &SandboxArgs) -> Result<ExitCode, String> {
    let directory = directory(args)?;
    let sandbox = start(port, directory.path(), args).await?;
    println!("{}", guide(sandbox.url(), sandbox.state_machine_arn(), &sandbox.names().region));
    interrupted().await;
    sandbox.shut_down().await.map_err(|error| error.to_string())?;
    keep(directory, args);
    Ok(ExitCode::SUCCESS)
}

fn guide(url: &str, state_machine: &str, region: &str) -> String {
    let execution = state_machine.replacen(":stateMachine:", ":execution:", 1);
    format!(
        "A sandbox AWS account is at {url}. In another terminal:

  export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region}
  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox

  aws stepfunctions start-execution --state-machine-arn {state_machine} \\
      --name first --input file://examples/hello.json
  aws stepfunctions describe-execution --execution-arn {execution}:first
  aws stepfunctions get-execution-history --execution-arn {execution}:first
  aws ec2 describe-instances --filters Name=tag:ec2-ops:execution,Values={execution}:first
  aws s3 ls s3://sandbox-output --recursive

Ctrl-C ends it and everything that runs in it."
    )
}
