//! The RunChecker Lambda: checks that the promised output exists and is new.

use ec2_ops::check;
use ec2_ops_aws::{entry, s3::S3, sdk, settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let deployment = settings::deployment()?;
    let objects = S3::new(&sdk::config(&deployment.region)?);
    entry::run(|payload| check::handle(payload, &deployment, &objects)).await
}
