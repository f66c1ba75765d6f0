//! An account in virtual time that records its events and the power changes of its guests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::ec2::api::*;
use crate::ec2::{Ec2, Ec2Config, Hypervisor, InstanceFacts};
use crate::lock::lock;
use crate::{AwsError, Clock, Event, Platform};

pub(super) const REGION: &str = "us-east-1";

/// An account, its events and its guests.
pub(super) struct Account {
    pub(super) ec2: Ec2,
    pub(super) events: Arc<Mutex<Vec<Event>>>,
    pub(super) power: Arc<Power>,
}

/// Records power changes as `on i-… 1` (with the boot's number) and `off i-…`.
#[derive(Default)]
pub(super) struct Power(Mutex<Vec<String>>);

impl Hypervisor for Power {
    fn power_on(&self, instance: &InstanceFacts) {
        lock(&self.0).push(format!("on {} {}", instance.instance_id, instance.boot));
    }

    fn power_off(&self, id: &str) {
        lock(&self.0).push(format!("off {id}"));
    }
}

impl Account {
    pub(super) fn new(config: Ec2Config) -> Self {
        let platform = Arc::new(Platform::new(Clock::starting_at(Timestamp::UNIX_EPOCH), 7));
        let events = Arc::<Mutex<Vec<Event>>>::default();
        let sink = Arc::clone(&events);
        platform.events.subscribe(move |event| lock(&sink).push(event.clone()));
        let power = Arc::<Power>::default();
        let ec2 = Ec2::new(platform, Arc::clone(&power) as Arc<dyn Hypervisor>, config);
        Self { ec2, events, power }
    }

    /// Launches what `request` says; the instance's id.
    pub(super) fn launch(&self, request: &RunInstancesRequest) -> String {
        id_of(&self.ec2.run_instances(REGION, request).unwrap())
    }

    /// Launches something plain and waits until it runs.
    pub(super) async fn running(&self, request: &RunInstancesRequest) -> String {
        let id = self.launch(request);
        seconds(20).await;
        assert_eq!(self.state(&id), InstanceStateName::Running);
        id
    }

    pub(super) fn describe(&self, id: &str) -> Result<Instance, AwsError> {
        let request = DescribeInstancesRequest { instance_ids: vec![id.to_owned()], ..Default::default() };
        let mut answer = self.ec2.describe_instances(REGION, &request)?;
        Ok(answer.reservations.remove(0).instances.remove(0))
    }

    pub(super) fn state(&self, id: &str) -> InstanceStateName {
        self.describe(id).unwrap().state.name
    }

    /// The ids of the instances that match the filters.
    pub(super) fn find(&self, filters: &[Filter]) -> Result<Vec<String>, AwsError> {
        let request = DescribeInstancesRequest { filters: filters.to_vec(), ..Default::default() };
        let answer = self.ec2.describe_instances(REGION, &request)?;
        Ok(answer.reservations.iter().map(id_of).collect())
    }

    pub(super) fn find_volumes(&self, filters: &[Filter]) -> Vec<Volume> {
        let request = DescribeVolumesRequest { filters: filters.to_vec(), ..Default::default() };
        self.ec2.describe_volumes(REGION, &request).unwrap().volumes
    }

    pub(super) fn stop(&self, id: &str) -> Result<StopInstancesResponse, AwsError> {
        let instance_ids = vec![id.to_owned()];
        let request = StopInstancesRequest { instance_ids, ..Default::default() };
        self.ec2.stop_instances(REGION, &request)
    }

    pub(super) fn start(&self, id: &str) -> Result<StartInstancesResponse, AwsError> {
        let instance_ids = vec![id.to_owned()];
        let request = StartInstancesRequest { instance_ids, ..Default::default() };
        self.ec2.start_instances(REGION, &request)
    }

    pub(super) fn terminate(&self, id: &str) -> Result<TerminateInstancesResponse, AwsError> {
        let instance_ids = vec![id.to_owned()];
        let request = TerminateInstancesRequest { instance_ids, ..Default::default() };
        self.ec2.terminate_instances(REGION, &request)
    }

    /// The states that were published, in order.
    pub(super) fn published(&self, id: &str) -> Vec<String> {
        lock(&self.events)
            .iter()
            .filter(|event| event.detail["instance-id"] == id)
            .filter_map(|event| event.detail["state"].as_str().map(str::to_owned))
            .collect()
    }

    pub(super) fn powered(&self) -> Vec<String> {
        lock(&self.power.0).clone()
    }
}

/// The least that a launch needs.
pub(super) fn plain() -> RunInstancesRequest {
    RunInstancesRequest {
        image_id: Some("ami-0123456789abcdef0".to_owned()),
        instance_type: Some("t3.micro".to_owned()),
        ..Default::default()
    }
}

pub(super) fn with_token(token: &str) -> RunInstancesRequest {
    RunInstancesRequest { client_token: Some(token.to_owned()), ..plain() }
}

pub(super) fn spot() -> RunInstancesRequest {
    RunInstancesRequest {
        instance_market_options: Some(InstanceMarketOptions {
            market_type: Some("spot".to_owned()),
            spot_options: None,
        }),
        ..plain()
    }
}

pub(super) fn tagged(kind: &str, key: &str, value: &str) -> TagSpecification {
    TagSpecification { resource_type: kind.to_owned(), tags: vec![Tag::new(key, value)] }
}

pub(super) fn id_of(reservation: &Reservation) -> String {
    reservation.instances[0].instance_id.clone()
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T, AwsError>) -> String {
    result.unwrap_err().code
}

pub(super) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
