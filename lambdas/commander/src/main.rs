//! The Commander Lambda: sends the attempt's commands, once.

use ec2_ops::command;
use ec2_ops_aws::{clock::SystemClock, entry, sdk, settings, ssm::Ssm};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let deployment = settings::deployment()?;
    let config = sdk::config(&deployment.region)?;
    let commands = Ssm::new(&config);
    entry::run(|payload| command::handle(payload, &deployment, &SystemClock, &commands)).await
}
