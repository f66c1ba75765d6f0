use InstanceStateName::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};

use super::support::*;
use crate::ec2::Ec2Config;
use crate::ec2::api::*;
use crate::lock::lock;

#[tokio::test(start_paused = true)]
async fn an_instance_goes_through_its_life_and_the_bus_tells_of_it() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&plain());
    assert_eq!(account.state(&id), Pending);
    seconds(20).await;
    let change = account.stop(&id).unwrap().stopping_instances.remove(0);
    assert_eq!((change.previous_state.code, change.current_state.code), (16, 64));
    seconds(40).await;
    assert_eq!(account.state(&id), Stopped);
    account.start(&id).unwrap();
    seconds(20).await;
    account.terminate(&id).unwrap();
    assert_eq!(account.state(&id), ShuttingDown);
    seconds(40).await;
    assert_eq!(account.state(&id), Terminated);
    let published = account.published(&id);
    assert_eq!(
        published,
        ["pending", "running", "stopping", "stopped", "pending", "running", "shutting-down", "terminated"]
    );
    let event = lock(&account.events)[0].clone();
    assert_eq!(event.detail_type, "EC2 Instance State-change Notification");
    assert_eq!(event.source, "aws.ec2");
    assert_eq!(event.resources, [format!("arn:aws:ec2:us-east-1:000000000000:instance/{id}")]);
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_powered_exactly_while_its_instance_runs() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&plain()).await;
    account.stop(&id).unwrap();
    seconds(40).await;
    account.start(&id).unwrap();
    seconds(20).await;
    account.ec2.reboot(&id).unwrap();
    account.terminate(&id).unwrap();
    seconds(40).await;
    let (off, on) = (format!("off {id}"), |boot: u32| format!("on {id} {boot}"));
    assert_eq!(account.powered(), [on(1), off.clone(), on(2), off.clone(), on(3), off]);
}

#[tokio::test(start_paused = true)]
async fn a_pending_instance_that_is_terminated_never_runs() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&plain());
    account.terminate(&id).unwrap();
    seconds(120).await;
    assert_eq!(account.published(&id), ["pending", "shutting-down", "terminated"]);
    assert!(account.powered().is_empty());
}

#[tokio::test(start_paused = true)]
async fn stopping_or_terminating_twice_is_no_error_and_tells_nothing_new() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&plain()).await;
    account.stop(&id).unwrap();
    account.stop(&id).unwrap();
    assert_eq!(account.state(&id), Stopping);
    seconds(40).await;
    account.stop(&id).unwrap();
    account.terminate(&id).unwrap();
    account.terminate(&id).unwrap();
    seconds(40).await;
    account.terminate(&id).unwrap();
    assert_eq!(account.published(&id).len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_transition_that_the_state_does_not_allow_is_an_incorrect_state() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&plain());
    let error = account.stop(&id).unwrap_err();
    assert_eq!(error.code, "IncorrectInstanceState");
    assert_eq!(
        error.message,
        format!("This instance '{id}' is not in a state from which it can be stopped.")
    );
    seconds(20).await;
    account.stop(&id).unwrap();
    assert_eq!(code(account.start(&id)), "IncorrectInstanceState");
    account.terminate(&id).unwrap();
    assert_eq!(code(account.start(&id)), "IncorrectInstanceState");
    assert_eq!(code(account.stop(&id)), "IncorrectInstanceState");
}

#[tokio::test(start_paused = true)]
async fn one_instance_that_may_not_stop_keeps_all_of_the_call_running() {
    let account = Account::new(Ec2Config::default());
    let (first, second) = (account.running(&plain()).await, account.running(&spot()).await);
    let request = StopInstancesRequest { instance_ids: vec![first.clone(), second], ..Default::default() };
    assert_eq!(code(account.ec2.stop_instances(REGION, &request)), "UnsupportedOperation");
    assert_eq!(account.state(&first), Running);
}

#[tokio::test(start_paused = true)]
async fn a_terminated_instance_is_visible_for_an_hour() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&plain()).await;
    account.terminate(&id).unwrap();
    seconds(40 + 3500).await;
    assert_eq!(account.state(&id), Terminated);
    seconds(100).await;
    let error = account.describe(&id).unwrap_err();
    assert_eq!(error.code, "InvalidInstanceID.NotFound");
    assert_eq!(error.message, format!("The instance ID '{id}' does not exist"));
    assert!(account.ec2.instances().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_spot_instance_has_two_minutes() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&spot()).await;
    account.ec2.interrupt_spot(&id).unwrap();
    let warning = lock(&account.events).last().unwrap().clone();
    assert_eq!(warning.detail_type, "EC2 Spot Instance Interruption Warning");
    assert_eq!(warning.detail["instance-action"], "terminate");
    assert_eq!(warning.resources, [format!("arn:aws:ec2:us-east-1a:instance/{id}")]);
    seconds(119).await;
    assert_eq!(account.state(&id), Running);
    seconds(2).await;
    let instance = account.describe(&id).unwrap();
    assert_eq!(instance.state.name, ShuttingDown);
    assert_eq!(instance.state_reason.unwrap().code, "Server.SpotInstanceTermination");
}

#[tokio::test(start_paused = true)]
async fn an_interruption_overtaken_by_a_termination_changes_nothing() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&spot()).await;
    account.ec2.interrupt_spot(&id).unwrap();
    account.terminate(&id).unwrap();
    seconds(300).await;
    let instance = account.describe(&id).unwrap();
    assert_eq!(instance.state_reason.unwrap().code, "Client.UserInitiatedShutdown");
    assert_eq!(account.published(&id).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_a_spot_instance_can_be_interrupted_and_it_cannot_be_stopped() {
    let account = Account::new(Ec2Config::default());
    let on_demand = account.running(&plain()).await;
    assert!(account.ec2.interrupt_spot(&on_demand).is_err());
    let id = account.running(&spot()).await;
    let error = account.stop(&id).unwrap_err();
    assert_eq!(error.code, "UnsupportedOperation");
    assert!(error.message.contains("one-time Spot Instance request"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_from_within_does_what_the_launch_chose() {
    let account = Account::new(Ec2Config::default());
    let stops = account.running(&plain()).await;
    let ends =
        RunInstancesRequest { instance_initiated_shutdown_behavior: Some("terminate".to_owned()), ..plain() };
    let ends = account.running(&ends).await;
    for id in [&stops, &ends] {
        account.ec2.guest_shutdown(id).unwrap();
        let reason = account.describe(id).unwrap().state_reason.unwrap();
        assert_eq!(reason.code, "Client.InstanceInitiatedShutdown");
    }
    seconds(40).await;
    assert_eq!((account.state(&stops), account.state(&ends)), (Stopped, Terminated));
}

#[tokio::test(start_paused = true)]
async fn a_vanished_instance_ends_with_an_internal_error() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&plain()).await;
    account.ec2.vanish(&id).unwrap();
    seconds(40).await;
    let instance = account.describe(&id).unwrap();
    assert_eq!(instance.state.name, Terminated);
    assert_eq!(instance.state_reason.unwrap().code, "Server.InternalError");
}

#[tokio::test(start_paused = true)]
async fn a_protected_instance_is_not_terminated() {
    let account = Account::new(Ec2Config::default());
    let request =
        RunInstancesRequest { disable_api_termination: Some(true), disable_api_stop: Some(true), ..plain() };
    let id = account.running(&request).await;
    assert_eq!(code(account.terminate(&id)), "OperationNotPermitted");
    assert_eq!(code(account.stop(&id)), "OperationNotPermitted");
    assert_eq!(account.state(&id), Running);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_may_call_back_and_events_keep_their_order() {
    let account = Account::new(Ec2Config::default());
    let ec2 = account.ec2.clone();
    account.ec2.shared.platform.events.subscribe(move |event| {
        if event.detail["state"] == "running" {
            let instance_ids = vec![event.detail["instance-id"].as_str().unwrap().to_owned()];
            let request = TerminateInstancesRequest { instance_ids, ..Default::default() };
            ec2.terminate_instances(REGION, &request).unwrap();
        }
    });
    let id = account.launch(&plain());
    seconds(60).await;
    assert_eq!(account.published(&id), ["pending", "running", "shutting-down", "terminated"]);
    assert_eq!(account.powered(), [format!("on {id} 1"), format!("off {id}")]);
}
