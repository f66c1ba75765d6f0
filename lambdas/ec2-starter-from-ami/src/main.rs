//! The EC2StarterFromAMI Lambda: launches the attempt's instance, and checks whether it can take commands.

use ec2_ops::start;
use ec2_ops_aws::{clock::SystemClock, ec2::Ec2, entry, s3::S3, sdk, settings, ssm::Ssm};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let deployment = settings::deployment()?;
    let config = sdk::config(&deployment.region)?;
    let (instances, agents, objects) = (Ec2::new(&config), Ssm::new(&config), S3::new(&config));
    entry::run(|payload| start::handle(payload, &deployment, &SystemClock, &instances, &agents, &objects))
        .await
}
