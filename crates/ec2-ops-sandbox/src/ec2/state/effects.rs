//! The effects of a change outside the model. They are queued while the state is locked, and carried out afterwards.

use std::time::Duration;

use serde_json::json;

use crate::Event;
use crate::ec2::api::InstanceStateName;
use crate::ec2::hypervisor::InstanceFacts;

/// One thing to do once the lock is released.
pub(in crate::ec2) enum Effect {
    /// Hand an event to the bus.
    Publish(Event),
    /// Boot a guest.
    PowerOn(InstanceFacts),
    /// End the guest of this instance.
    PowerOff(String),
    /// End a guest and boot it again.
    Reboot(InstanceFacts),
    /// Come back to the state after this long.
    After(Duration, Timer),
}

/// What to do when a timer fires.
pub(in crate::ec2) enum Timer {
    /// The transition that began with the instance's `turn`-th change ends in state `to`.
    Arrive { instance_id: String, turn: u64, to: InstanceStateName },
    /// A Spot Instance's notice is over.
    Reclaim { instance_id: String },
    /// A created volume can be attached.
    Create { volume_id: String },
    /// A deleted volume is gone.
    Vanish { volume_id: String },
}

/// `EC2 Instance State-change Notification`.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html>.
pub(super) fn state_change(account: &str, region: &str, id: &str, state: InstanceStateName) -> Event {
    Event {
        source: "aws.ec2".to_owned(),
        detail_type: "EC2 Instance State-change Notification".to_owned(),
        region: region.to_owned(),
        resources: vec![format!("arn:aws:ec2:{region}:{account}:instance/{id}")],
        detail: json!({ "instance-id": id, "state": state.as_str() }),
    }
}

/// `EC2 Spot Instance Interruption Warning`. Its ARN names the zone and no account, unlike every other of EC2's.
/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>.
pub(super) fn interruption_warning(region: &str, zone: &str, id: &str) -> Event {
    Event {
        source: "aws.ec2".to_owned(),
        detail_type: "EC2 Spot Instance Interruption Warning".to_owned(),
        region: region.to_owned(),
        resources: vec![format!("arn:aws:ec2:{zone}:instance/{id}")],
        detail: json!({ "instance-id": id, "instance-action": "terminate" }),
    }
}
