//! `serve`: a sandbox that runs until Ctrl-C.

use std::path::Path;
use std::process::ExitCode;

use ec2_ops_sandbox::Sandbox;

use crate::SandboxArgs;
use crate::run::{Interruption, directory, keep, start};

/// Serves until Ctrl-C, with AWS's quotas if `quotas`.
pub(crate) async fn serve(port: u16, quotas: bool, args: &SandboxArgs) -> Result<ExitCode, String> {
    let mut interruption = Interruption::watch()?;
    let directory = directory()?;
    let sandbox = start(port, directory.path(), args).await?;
    if quotas {
        sandbox.account().platform.quotas.enforce();
    }
    println!("{}", guide(&sandbox, directory.path()));
    interruption.wait().await;
    sandbox.shut_down().await.map_err(|error| error.to_string())?;
    keep(directory, args);
    Ok(ExitCode::SUCCESS)
}

fn guide(sandbox: &Sandbox, directory: &Path) -> String {
    let (url, region, state_machine) = (sandbox.url(), &sandbox.names().region, sandbox.state_machine_arn());
    let execution = state_machine.replacen(":stateMachine:", ":execution:", 1);
    let directory = directory.display();
    format!(
        "A sandbox AWS account is at {url}. In another terminal:

  export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region}
  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox

  aws stepfunctions start-execution --state-machine-arn {state_machine} \\
      --name first --input file://examples/hello.json
  aws stepfunctions describe-execution --execution-arn {execution}:first
  aws stepfunctions get-execution-history --execution-arn {execution}:first
  aws stepfunctions stop-execution --execution-arn {execution}:first
  aws ec2 describe-instances --filters Name=tag:ec2-ops:execution,Values={execution}:first
  aws ssm list-command-invocations
  aws s3 ls s3://sandbox-output --recursive

The logs of the functions are in {directory}/logs,
the output of the commands in s3://{logs}, the files of the instances in {directory}/instances.

Ctrl-C ends it and everything that runs in it.",
        logs = sandbox.names().log_bucket,
    )
}
