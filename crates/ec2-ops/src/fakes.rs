//! One hand-written fake of all ports: it returns what the test has set, and records the calls that change something.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::Value;

use crate::aws_error::AwsError;
use crate::deployment::Deployment;
use crate::ids::{CommandId, ExecutionId, InstanceId, Region, StateMachineId, TaskToken, VolumeId};
use crate::outcome::AttemptRecord;
use crate::ports::{
    Agents, Catalog, Clock, Command, Commands, Delivery, ExecutionState, Executions, FleetResults, Image,
    Instance, InstanceState, Instances, Invocation, InvocationStatus, KeptOutput, Kind, Launch, Ledger,
    Object, Objects, OutputTarget, RouteTable, SentCommand, Subnet, Volume, Volumes, Wake, WakeTokens,
};
use crate::status::Status;
use crate::tags::Tags;

/// AWS, and the time of day, as the test has set them.
pub(crate) struct FakeAws {
    pub(crate) now: Timestamp,
    pub(crate) instances: Vec<Instance>,
    /// The only region that has the instances, if they are not in all.
    pub(crate) only_in: Option<Region>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) online: bool,
    pub(crate) invocation: Option<Invocation>,
    /// The commands of the attempt that SSM lists, with their status.
    pub(crate) copies: Vec<(&'static str, InvocationStatus)>,
    pub(crate) objects: Vec<Object>,
    pub(crate) bucket_exists: bool,
    /// The end of every object that SSM keeps.
    pub(crate) kept_output: &'static str,
    pub(crate) wake: Mutex<Option<Wake>>,
    /// The action that fails, and its error code.
    pub(crate) failing: Option<(&'static str, &'static str)>,
    pub(crate) execution: ExecutionState,
    /// The executions that Step Functions lists as running.
    pub(crate) listed: BTreeSet<ExecutionId>,
    /// The input of the state that the execution entered last.
    pub(crate) last_state: Option<Value>,
    /// What the ledger has, by `BUCKET/KEY`.
    pub(crate) ledger: Mutex<BTreeMap<String, Value>>,
    /// The image, and the zones that have a type.
    pub(crate) image: Option<Image>,
    pub(crate) zones: BTreeSet<String>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) route_tables: Vec<RouteTable>,
    pub(crate) endpoints: BTreeSet<String>,
    pub(crate) calls: Mutex<Vec<String>>,
}

impl Default for FakeAws {
    fn default() -> Self {
        Self {
            now: time("2026-03-01T06:00:00Z"),
            instances: Vec::new(),
            only_in: None,
            volumes: Vec::new(),
            online: true,
            invocation: None,
            copies: Vec::new(),
            objects: Vec::new(),
            bucket_exists: true,
            kept_output: "",
            wake: Mutex::default(),
            failing: None,
            execution: ExecutionState::Over,
            listed: BTreeSet::new(),
            last_state: None,
            ledger: Mutex::default(),
            image: None,
            zones: ["us-east-1a", "us-east-1b"].map(str::to_owned).into(),
            subnets: Vec::new(),
            route_tables: Vec::new(),
            endpoints: BTreeSet::new(),
            calls: Mutex::default(),
        }
    }
}

/// A deployment that has only a name and a region.
pub(crate) fn deployment() -> Deployment {
    Deployment::new("test", Region::new("us-east-1"))
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn instance(id: &str, state: InstanceState, tags: Tags) -> Instance {
    let launched_at = Some(time("2026-03-01T05:31:00Z"));
    Instance {
        id: InstanceId::new(id),
        state,
        state_reason: None,
        spot: false,
        windows: false,
        launched_at,
        told_to_end_at: Some(time("2026-03-01T06:00:07Z")),
        kind: Kind {
            instance_type: Some("t4g.nano".to_owned()),
            zone: Some("us-east-1b".to_owned()),
            architecture: Some("arm64".to_owned()),
            image: Some("ami-0123456789abcdef0".to_owned()),
        },
        tags,
    }
}

pub(crate) fn invocation(status: InvocationStatus) -> Invocation {
    let exit_code = (status == InvocationStatus::Success).then_some(0);
    Invocation {
        status,
        exit_code,
        stdout: String::new(),
        stderr: String::new(),
        started_at: None,
        ended_at: None,
    }
}

/// The record of an attempt that launched nothing.
pub(crate) fn attempt_record(attempt: u32, status: Status) -> AttemptRecord {
    AttemptRecord {
        attempt,
        status,
        reason: None,
        instances: Vec::new(),
        tried: Vec::new(),
        market: None,
        region: None,
        kind: Kind::default(),
        started_at: time("2026-03-01T05:30:00Z"),
        launched_at: None,
        ready_at: None,
        commands_started_at: None,
        commands_ended_at: None,
        over_at: None,
        stopped_at: None,
        ended_at: time("2026-03-01T05:40:00Z"),
        exit_code: None,
        stdout_tail: String::new(),
        stderr_tail: String::new(),
        output: None,
        output_size: None,
        logs: Vec::new(),
    }
}

impl FakeAws {
    /// The calls that change something, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn called(&self, action: &'static str, id: &str) -> Result<(), AwsError> {
        self.calls.lock().unwrap().push(format!("{action} {id}"));
        self.may(action)
    }

    fn may(&self, action: &'static str) -> Result<(), AwsError> {
        match self.failing {
            Some((failing, code)) if failing == action => Err(AwsError::new(action, code, "", Some(400))),
            _ => Ok(()),
        }
    }
}

impl Clock for FakeAws {
    fn now(&self) -> Timestamp {
        self.now
    }
}

impl Instances for FakeAws {
    async fn launch(&self, _: &Region, launch: &Launch) -> Result<Instance, AwsError> {
        self.called("RunInstances", &launch.parameters.image_id)?;
        Ok(instance("i-new", InstanceState::Pending, Tags::new()))
    }

    async fn describe(&self, _: &Region, id: &InstanceId) -> Result<Option<Instance>, AwsError> {
        self.may("DescribeInstances")?;
        Ok(self.instances.iter().find(|instance| instance.id == *id).cloned())
    }

    async fn find(&self, region: &Region, tags: &Tags) -> Result<Vec<Instance>, AwsError> {
        self.may("DescribeInstances")?;
        let is_here = self.only_in.as_ref().is_none_or(|only| only == region);
        let has = |instance: &&Instance| {
            is_here && tags.iter().all(|(key, value)| instance.tags.get(key) == Some(value))
        };
        Ok(self.instances.iter().filter(has).cloned().collect())
    }

    async fn stop(&self, _: &Region, id: &InstanceId) -> Result<InstanceState, AwsError> {
        self.called("StopInstances", id.as_str()).map(|()| InstanceState::Stopping)
    }

    async fn terminate(&self, _: &Region, id: &InstanceId) -> Result<InstanceState, AwsError> {
        self.called("TerminateInstances", id.as_str()).map(|()| InstanceState::ShuttingDown)
    }
}

impl Volumes for FakeAws {
    async fn find(&self, _: &Region, _: &Tags) -> Result<Vec<Volume>, AwsError> {
        Ok(self.volumes.clone())
    }

    async fn detach(&self, _: &Region, id: &VolumeId) -> Result<(), AwsError> {
        self.called("DetachVolume", id.as_str())
    }

    async fn delete(&self, _: &Region, id: &VolumeId) -> Result<(), AwsError> {
        self.called("DeleteVolume", id.as_str())
    }
}

impl Agents for FakeAws {
    async fn online(&self, _: &Region, _: &InstanceId) -> Result<bool, AwsError> {
        Ok(self.online)
    }
}

impl Commands for FakeAws {
    async fn send(&self, _: &Region, command: &Command) -> Result<SentCommand, AwsError> {
        self.called("SendCommand", command.instance.as_str())?;
        Ok(SentCommand { id: CommandId::new("c-new"), requested_at: None })
    }

    async fn find(&self, _: &Region, _: &InstanceId, _: &str) -> Result<Vec<SentCommand>, AwsError> {
        self.may("ListCommands")?;
        let copy = |(id, _): &(&str, _)| SentCommand { id: CommandId::new(*id), requested_at: None };
        Ok(self.copies.iter().map(copy).collect())
    }

    async fn invocation(
        &self,
        _: &Region,
        _: &InstanceId,
        command: &CommandId,
    ) -> Result<Option<Invocation>, AwsError> {
        self.may("GetCommandInvocation")?;
        let copy = self.copies.iter().find(|(id, _)| *id == command.as_str());
        Ok(copy.map_or_else(|| self.invocation.clone(), |(_, status)| Some(invocation(*status))))
    }
}

impl FleetResults for FakeAws {
    async fn read(&self, _: &Region, _: &str, _: &str, _: Range<u64>) -> Result<Vec<u8>, AwsError> {
        self.may("GetObject")?;
        Ok(Vec::new())
    }

    async fn write(&self, _: &Region, _: &str, key: &str, _: Vec<u8>) -> Result<(), AwsError> {
        self.called("PutObject", key)
    }
}

impl Objects for FakeAws {
    async fn bucket_exists(&self, _: &Region, _: &str) -> Result<bool, AwsError> {
        self.may("HeadBucket")?;
        Ok(self.bucket_exists)
    }

    async fn newest(
        &self,
        _: &Region,
        target: &OutputTarget,
        _: Timestamp,
    ) -> Result<Option<Object>, AwsError> {
        self.may("HeadObject")?;
        let covered = self.objects.iter().filter(|object| target.covers(&object.key));
        Ok(covered.max_by_key(|object| object.last_modified).cloned())
    }
}

impl KeptOutput for FakeAws {
    async fn end(&self, _: &Region, bucket: &str, key: &str, _: usize) -> Result<String, AwsError> {
        self.called("GetObject", &format!("{bucket}/{key}"))?;
        Ok(self.kept_output.to_owned())
    }
}

impl WakeTokens for FakeAws {
    async fn put(&self, wake: &Wake) -> Result<(), AwsError> {
        *self.wake.lock().unwrap() = Some(wake.clone());
        self.called("PutItem", wake.watch.instance.as_str())
    }

    async fn get(&self, instance: &InstanceId) -> Result<Option<Wake>, AwsError> {
        Ok(self.wake.lock().unwrap().clone().filter(|wake| wake.watch.instance == *instance))
    }

    async fn delete(&self, instance: &InstanceId, _: &TaskToken) -> Result<(), AwsError> {
        self.called("DeleteItem", instance.as_str())
    }
}

impl Executions for FakeAws {
    async fn complete(&self, _: &TaskToken, output: &Value) -> Result<Delivery, AwsError> {
        self.called("SendTaskSuccess", &output["exit_code"].to_string())?;
        Ok(Delivery::Accepted)
    }

    async fn fail(&self, _: &TaskToken, error: &str, _: &str) -> Result<Delivery, AwsError> {
        self.called("SendTaskFailure", error)?;
        Ok(Delivery::Accepted)
    }

    async fn running(&self, _: &StateMachineId) -> Result<BTreeSet<ExecutionId>, AwsError> {
        self.may("ListExecutions")?;
        Ok(self.listed.clone())
    }

    async fn state(&self, _: &ExecutionId) -> Result<ExecutionState, AwsError> {
        self.may("DescribeExecution")?;
        Ok(self.execution)
    }

    async fn last_state(&self, _: &ExecutionId) -> Result<Option<Value>, AwsError> {
        self.may("GetExecutionHistory")?;
        Ok(self.last_state.clone())
    }
}

impl Ledger for FakeAws {
    async fn put_line(&self, _: &Region, bucket: &str, key: &str, line: &str) -> Result<(), AwsError> {
        self.may("PutObject")?;
        let line = serde_json::from_str(line).unwrap();
        self.ledger.lock().unwrap().insert(format!("{bucket}/{key}"), line);
        Ok(())
    }
}

impl Catalog for FakeAws {
    async fn dry_run(&self, _: &Region, _: &Launch) -> Result<(), AwsError> {
        self.may("RunInstances")
    }

    async fn image(&self, _: &Region, _: &str) -> Result<Option<Image>, AwsError> {
        self.may("DescribeImages")?;
        Ok(self.image.clone())
    }

    async fn zones_of(&self, _: &Region, _: &str) -> Result<BTreeSet<String>, AwsError> {
        Ok(self.zones.clone())
    }

    async fn subnets(&self, _: &Region, _: &[String]) -> Result<Vec<Subnet>, AwsError> {
        Ok(self.subnets.clone())
    }

    async fn route_tables(&self, _: &Region, _: &str) -> Result<Vec<RouteTable>, AwsError> {
        Ok(self.route_tables.clone())
    }

    async fn endpoints(&self, _: &Region, _: &str) -> Result<BTreeSet<String>, AwsError> {
        Ok(self.endpoints.clone())
    }
}
