//! Properties that hold after any actions in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::support::*;
use crate::ec2::Ec2Config;
use crate::ec2::api::*;
use crate::lock::lock;

/// The steps of EC2's own state diagram, written out once more.
const LEGAL: &[(&str, &str)] = &[
    ("pending", "running"),
    ("pending", "shutting-down"),
    ("running", "stopping"),
    ("running", "shutting-down"),
    ("stopping", "stopped"),
    ("stopping", "shutting-down"),
    ("stopped", "pending"),
    ("stopped", "shutting-down"),
    ("shutting-down", "terminated"),
];

#[derive(Clone, Debug)]
enum Step {
    Launch { token: u8, spot: bool },
    Stop(usize),
    Start(usize),
    Terminate(usize),
    Reboot(usize),
    GuestShutdown(usize),
    Vanish(usize),
    Interrupt(usize),
    StopFromOutside(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let some = || 0..4_usize;
    prop_oneof![
        3 => (0..4_u8, any::<bool>()).prop_map(|(token, spot)| Step::Launch { token, spot }),
        2 => some().prop_map(Step::Stop),
        2 => some().prop_map(Step::Start),
        1 => some().prop_map(Step::Terminate),
        1 => some().prop_map(Step::Reboot),
        1 => some().prop_map(Step::GuestShutdown),
        1 => some().prop_map(Step::Vanish),
        1 => some().prop_map(Step::Interrupt),
        1 => some().prop_map(Step::StopFromOutside),
        4 => (0..130_u64).prop_map(Step::Wait),
    ]
}

/// Takes one step. Errors are allowed; their effects are checked afterwards.
async fn take(account: &Account, step: &Step, by_token: &mut BTreeMap<u8, BTreeSet<String>>) {
    let id = |which: usize| {
        let ids: Vec<_> = by_token.values().flatten().cloned().collect();
        ids.get(which).cloned().unwrap_or_else(|| "i-00000000".to_owned())
    };
    let ec2 = &account.ec2;
    match *step {
        Step::Launch { token, spot: is_spot } => {
            let request = RunInstancesRequest {
                client_token: Some(token.to_string()),
                ..if is_spot { spot() } else { plain() }
            };
            if let Ok(reservation) = ec2.run_instances(REGION, &request) {
                by_token.entry(token).or_default().insert(id_of(&reservation));
            }
        }
        Step::Stop(which) => drop(account.stop(&id(which))),
        Step::Start(which) => drop(account.start(&id(which))),
        Step::Terminate(which) => drop(account.terminate(&id(which))),
        Step::Reboot(which) => drop(ec2.reboot(&id(which))),
        Step::GuestShutdown(which) => drop(ec2.guest_shutdown(&id(which))),
        Step::Vanish(which) => drop(ec2.vanish(&id(which))),
        Step::Interrupt(which) => drop(ec2.interrupt_spot(&id(which))),
        Step::StopFromOutside(which) => drop(ec2.stop_from_outside(&id(which))),
        Step::Wait(time) => seconds(time).await,
    }
}

/// Every instance was published as pending first, and made only legal transitions up to its present state.
fn check_histories(account: &Account) {
    for record in account.ec2.instances() {
        let published = account.published(&record.instance.instance_id);
        assert_eq!(published[0], "pending");
        for pair in published.windows(2) {
            assert!(LEGAL.contains(&(&pair[0], &pair[1])), "{published:?}");
        }
        assert_eq!(published.last().map(String::as_str), Some(record.state().as_str()));
    }
}

/// A guest is on exactly while its instance runs.
fn check_power(account: &Account) {
    let mut on = BTreeSet::new();
    for change in account.powered() {
        let mut words = change.split(' ');
        match (words.next(), words.next()) {
            (Some("on"), Some(id)) => assert!(on.insert(id.to_owned()), "{id} was on already"),
            (_, Some(id)) => assert!(on.remove(id), "{id} was off already"),
            _ => unreachable!("{change}"),
        }
    }
    let running: BTreeSet<_> = account
        .ec2
        .instances()
        .iter()
        .filter(|record| record.state() == InstanceStateName::Running)
        .map(|record| record.instance.instance_id.clone())
        .collect();
    assert_eq!(on, running);
}

/// Instances and volumes agree on the attachments, and a terminated instance has none.
fn check_attachments(account: &Account) {
    let by_instance: BTreeSet<_> = account
        .ec2
        .instances()
        .iter()
        .flat_map(|record| {
            let instance = record.instance.clone();
            let held = instance.block_device_mappings;
            assert!(held.is_empty() || instance.state.name != InstanceStateName::Terminated);
            held.into_iter().map(move |device| (instance.instance_id.clone(), device.ebs.volume_id))
        })
        .collect();
    let by_volume: BTreeSet<_> = account
        .ec2
        .volumes()
        .iter()
        .flat_map(|record| record.volume.attachments.clone())
        .map(|attachment| (attachment.instance_id, attachment.volume_id))
        .collect();
    assert_eq!(by_instance, by_volume);
}

proptest! {
    #[test]
    fn no_order_of_events_breaks_the_account(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let account = Account::new(Ec2Config::default());
            let mut by_token = BTreeMap::new();
            for step in &steps {
                take(&account, step, &mut by_token).await;
                check_histories(&account);
                check_power(&account);
                check_attachments(&account);
            }
            assert!(by_token.values().all(|ids| ids.len() == 1), "a token launched twice: {by_token:?}");
            let told_of: BTreeSet<_> =
                lock(&account.events).iter().map(|event| event.detail["instance-id"].to_string()).collect();
            assert_eq!(told_of.len(), by_token.len(), "something was launched that no caller knows of");
        });
    }
}
