//! The instances and volumes that an execution left in the account. On AWS they cost money.

use std::time::Duration;

use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::ec2::api::{InstanceStateName, VolumeState};

/// The time limit for transitions to complete. They take minutes on AWS, and milliseconds here.
const SETTLING: Duration = Duration::from_secs(1);
/// The interval between checks.
const LOOK: Duration = Duration::from_millis(5);

/// The sentence about what is left, after all transitions.
pub(crate) async fn sentence(account: &Account) -> String {
    let settled = async {
        while in_transition(account) {
            tokio::time::sleep(LOOK).await;
        }
    };
    // After the time limit, the sentence shows the current states.
    let _ = tokio::time::timeout(SETTLING, settled).await;
    let left = left(account);
    if left.is_empty() { "the account is empty".to_owned() } else { format!("left: {}", left.join(", ")) }
}

fn in_transition(account: &Account) -> bool {
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
