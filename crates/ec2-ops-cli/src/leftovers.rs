//! What an execution has left in the account: instances and volumes cost money on AWS.

use std::time::Duration;

use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::ec2::api::{InstanceStateName, VolumeState};

/// How long what is on its way may take to arrive: on AWS minutes, here milliseconds.
const SETTLING: Duration = Duration::from_secs(1);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Says what is left, once nothing is on its way any more.
pub(crate) async fn sentence(account: &Account) -> String {
    let settled = async {
        while on_its_way(account) {
            tokio::time::sleep(LOOK).await;
        }
    };
    // What does not settle is named in the state that it is in.
    let _ = tokio::time::timeout(SETTLING, settled).await;
    let left = left(account);
    if left.is_empty() { "the account is empty".to_owned() } else { format!("left: {}", left.join(", ")) }
}

fn on_its_way(account: &Account) -> bool {
    use InstanceStateName::{Pending, ShuttingDown, Stopping};
    let moving = |state| matches!(state, Pending | ShuttingDown | Stopping);
    account.ec2.instances().iter().any(|instance| moving(instance.state()))
        || account.ec2.volumes().iter().any(|volume| volume.volume.state == VolumeState::Deleting)
}

fn left(account: &Account) -> Vec<String> {
    let instances = account.ec2.instances();
    let volumes = account.ec2.volumes();
    let instances = instances
        .iter()
        .filter(|instance| instance.state() != InstanceStateName::Terminated)
        .map(|instance| format!("{} ({})", instance.instance.instance_id, instance.state().as_str()));
    let volumes = volumes
        .iter()
        .map(|volume| format!("{} ({})", volume.volume.volume_id, volume.volume.state.as_str()));
    instances.chain(volumes).collect()
}
