//! The EC2Poller Lambda: waits until the commands have ended.

use ec2_ops::poll::{self, Ports};
use ec2_ops_aws::{
    clock::SystemClock, dynamodb::WakeTable, ec2::Ec2, entry, sdk, settings, sfn::Sfn, ssm::Ssm,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = sdk::config(&settings::region()?)?;
    let ports = Ports {
        clock: &SystemClock,
        instances: &Ec2::new(&config),
        commands: &Ssm::new(&config),
        tokens: &WakeTable::new(&config, settings::wake_table()?),
        executions: &Sfn::new(&config),
    };
    entry::run(|payload| poll::handle(payload, &ports)).await
}
