//! The verbs on a deployment, in an account or in a sandbox: the same code for both.

pub(crate) mod aws;
pub(crate) mod check;
pub(crate) mod cost;
pub(crate) mod fleet;
mod fold;
pub(crate) mod interrupt;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod runs;
pub(crate) mod shell;
pub(crate) mod show;
pub(crate) mod start;
pub(crate) mod stop;
pub(crate) mod watch;

use clap::Args;
use ec2_ops_client::{Client, Options};

use crate::exit::Failure;

/// Which deployment is meant.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Deployment")]
pub(crate) struct DeploymentArgs {
    /// The state machine. Without it: EC2_OPS_STATE_MACHINE, else `terraform output` in this directory, else the sandbox
    /// that runs
    #[arg(long, value_name = "NAME|ARN")]
    state_machine: Option<String>,
    /// A profile of the AWS configuration
    #[arg(long)]
    profile: Option<String>,
    /// The region of the state machine, if it is given by name
    #[arg(long)]
    region: Option<String>,
    /// An endpoint in the place of AWS's
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

impl DeploymentArgs {
    /// The options that the aws CLI has under the same names, as far as they are given.
    fn for_aws(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let given = [("--profile", &self.profile), ("--endpoint-url", &self.endpoint_url)];
        given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// The way to the deployment.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        let options = Options {
            state_machine: self.state_machine.clone(),
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
        };
        Ok(Client::connect(&options).await?)
    }
}
