//! The EC2StarterFromAMI Lambda: launches the attempt's instance, and checks whether it can take commands;
//! or checks a document before there is an attempt.

use ec2_ops::{preflight, start};
use ec2_ops_aws::{clock::SystemClock, ec2::Ec2, entry, s3::S3, sdk, settings, ssm::Ssm};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let deployment = settings::deployment()?;
    let config = sdk::config(&deployment.region)?;
    let (instances, agents, objects) = (Ec2::new(&config), Ssm::new(&config), S3::new(&config));
    let (deployment, instances, agents, objects) = (&deployment, &instances, &agents, &objects);
    entry::run(|payload| async move {
        match preflight::asked(&payload) {
            Some(document) => preflight::handle(document, deployment, &SystemClock, instances, objects).await,
            None => start::handle(payload, deployment, &SystemClock, instances, agents, objects).await,
        }
    })
    .await
}
