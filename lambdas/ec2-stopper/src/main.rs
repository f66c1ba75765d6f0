//! The EC2Stopper Lambda: ends the instances, reports the outcome and writes the ledger.

use ec2_ops::stop;
use ec2_ops_aws::{clock::SystemClock, ec2::Ec2, entry, s3::S3, sdk, settings, sfn::Sfn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let deployment = settings::deployment()?;
    let config = sdk::config(&deployment.region)?;
    let (ec2, executions, s3) = (Ec2::new(&config), Sfn::new(&config), S3::new(&config));
    entry::run(|payload| stop::handle(payload, &deployment, &SystemClock, &ec2, &executions, &s3, &s3)).await
}
