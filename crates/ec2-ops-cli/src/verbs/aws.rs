//! `aws`: the aws CLI on the account of a deployment.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::Args;

use super::DeploymentArgs;
use crate::exit::{Exit, Failure};

/// What the aws CLI is to do.
#[derive(Args)]
pub(crate) struct AwsArgs {
    /// The command line of the aws CLI, without `aws`
    #[arg(required = true, value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Becomes the aws CLI.
///
/// Before its versions 2.13 and 1.29 it does not read `AWS_ENDPOINT_URL`, and goes to the real AWS. So the endpoint is an option
/// here.
pub(crate) async fn aws(args: &AwsArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    let mut command = Command::new("aws");
    match client.sandbox() {
        Some(sandbox) => {
            command.args(["--endpoint-url", &sandbox.endpoint_url]);
            command.env("AWS_ACCESS_KEY_ID", &sandbox.access_key_id);
            command.env("AWS_SECRET_ACCESS_KEY", &sandbox.secret_access_key);
            for other in ["AWS_PROFILE", "AWS_SESSION_TOKEN"] {
                command.env_remove(other);
            }
        }
        None => {
            command.args(args.deployment.for_aws().flat_map(|(name, value)| [name, value]));
        }
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        command.env(name, client.region());
    }
    let error = command.args(&args.arguments).exec();
    Err(Failure::Failed(format!(
        "cannot start the aws CLI: {error}; https://aws.amazon.com/cli/ installs it"
    )))
}
