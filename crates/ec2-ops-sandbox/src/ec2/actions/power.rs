//! `StartInstances`, `StopInstances`, `RebootInstances`, `TerminateInstances`.

use std::sync::Arc;

use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{
    InstanceStateChange, InstanceStateName, RebootInstancesRequest, StartInstancesRequest,
    StartInstancesResponse, StopInstancesRequest, StopInstancesResponse, TerminateInstancesRequest,
    TerminateInstancesResponse,
};
use crate::ec2::state::{Cause, InstanceRecord, State};
use crate::ec2::{Ec2, fault};

use InstanceStateName::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};

impl Ec2 {
    /// `StopInstances`. Stopping a stopped instance is no error. All instances change, or none.
    pub fn stop_instances(
        &self,
        region: &str,
        request: &StopInstancesRequest,
    ) -> Result<StopInstancesResponse, AwsError> {
        let stopping_instances = self.act(|state| {
            let targets = targets(state, region, &request.instance_ids, request.dry_run, may_stop)?;
            Ok(change(state, &targets, |state, id| {
                state.shut(id, Stopping, Cause::User);
            }))
        })?;
        Ok(StopInstancesResponse { stopping_instances })
    }

    /// `TerminateInstances`. Terminating a terminated instance is no error. All instances change, or none.
    pub fn terminate_instances(
        &self,
        region: &str,
        request: &TerminateInstancesRequest,
    ) -> Result<TerminateInstancesResponse, AwsError> {
        let terminating_instances = self.act(|state| {
            let targets = targets(state, region, &request.instance_ids, request.dry_run, may_terminate)?;
            Ok(change(state, &targets, |state, id| {
                state.shut(id, ShuttingDown, Cause::User);
            }))
        })?;
        Ok(TerminateInstancesResponse { terminating_instances })
    }

    /// `StartInstances`. Starting a running instance is no error. All instances change, or none.
    pub fn start_instances(
        &self,
        region: &str,
        request: &StartInstancesRequest,
    ) -> Result<StartInstancesResponse, AwsError> {
        let starting_instances = self.act(|state| {
            let targets = targets(state, region, &request.instance_ids, request.dry_run, may_start)?;
            Ok(change(state, &targets, State::start))
        })?;
        Ok(StartInstancesResponse { starting_instances })
    }

    /// `RebootInstances`. The state does not change; the guest ends and boots again.
    pub fn reboot_instances(&self, region: &str, request: &RebootInstancesRequest) -> Result<(), AwsError> {
        self.act(|state| {
            let targets = targets(state, region, &request.instance_ids, request.dry_run, may_reboot)?;
            for target in &targets {
                state.reboot(&target.instance.instance_id);
            }
            Ok(())
        })
    }
}

/// The instances that the request names, if every one of them allows the action.
fn targets(
    state: &State,
    region: &str,
    ids: &[String],
    dry_run: bool,
    may: fn(&State, &InstanceRecord) -> Result<(), AwsError>,
) -> Result<Vec<Arc<InstanceRecord>>, AwsError> {
    if ids.is_empty() {
        return Err(fault::missing_parameter("InstanceId"));
    }
    let targets = state.instances_by_id(region, ids)?;
    targets.iter().try_for_each(|target| may(state, target))?;
    refuse_dry_run(dry_run)?;
    Ok(targets)
}

/// Applies `transition` to every target and reports each one's state before and after.
fn change(
    state: &mut State,
    targets: &[Arc<InstanceRecord>],
    transition: impl Fn(&mut State, &str),
) -> Vec<InstanceStateChange> {
    targets
        .iter()
        .map(|before| {
            let id = &before.instance.instance_id;
            transition(state, id);
            let current = state.instances.get(id).map_or(before.state(), |now| now.state());
            InstanceStateChange {
                instance_id: id.clone(),
                current_state: current.into(),
                previous_state: before.instance.state,
            }
        })
        .collect()
}

fn may_stop(state: &State, target: &InstanceRecord) -> Result<(), AwsError> {
    let id = &target.instance.instance_id;
    match target.state() {
        Pending | ShuttingDown | Terminated => Err(fault::incorrect_state(id, "stopped")),
        Running | Stopping | Stopped if target.is_spot() => Err(fault::spot_cannot_stop(id)),
        Running if target.disable_api_stop || state.protects(id) => {
            Err(fault::protected(id, "stopped", "disableApiStop"))
        }
        Running | Stopping | Stopped => Ok(()),
    }
}

fn may_terminate(state: &State, target: &InstanceRecord) -> Result<(), AwsError> {
    let id = &target.instance.instance_id;
    match target.state() {
        Terminated => Ok(()),
        _ if target.disable_api_termination || state.protects(id) => {
            Err(fault::protected(id, "terminated", "disableApiTermination"))
        }
        _ => Ok(()),
    }
}

fn may_start(state: &State, target: &InstanceRecord) -> Result<(), AwsError> {
    let instance = &target.instance;
    let has_root =
        instance.block_device_mappings.iter().any(|device| device.device_name == instance.root_device_name);
    match target.state() {
        Stopped if !has_root => {
            let (id, root) = (&instance.instance_id, &instance.root_device_name);
            Err(fault::invalid_parameter(format!(
                "Invalid value '{id}' for instanceId. Instance does not have a volume attached at root ({root})"
            )))
        }
        Pending | Running => Ok(()),
        Stopped => state.check_vcpus(&target.region, &instance.instance_type, target.is_spot()),
        Stopping | ShuttingDown | Terminated => {
            Err(fault::incorrect_state(&target.instance.instance_id, "started"))
        }
    }
}

fn may_reboot(_: &State, target: &InstanceRecord) -> Result<(), AwsError> {
    if target.state() == Running {
        Ok(())
    } else {
        Err(fault::incorrect_state(&target.instance.instance_id, "rebooted"))
    }
}
