//! The EC2Stopper Lambda: leaves nothing running.

use ec2_ops::stop;
use ec2_ops_aws::{clock::SystemClock, ec2::Ec2, entry, sdk, settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let deployment = settings::deployment()?;
    let ec2 = Ec2::new(&sdk::config(&deployment.region).await);
    entry::run(|payload| stop::handle(payload, &deployment, &SystemClock, &ec2)).await
}
