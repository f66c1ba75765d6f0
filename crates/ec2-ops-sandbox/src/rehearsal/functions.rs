//! The five functions in process, each call and each invocation written down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops::ids::Region;
use ec2_ops::{AwsError as CallError, Deployment, Error, check, command, poll, start, stop};
use serde_json::{Value, json};

use super::{Called, Invoked, Invoker, Record};
use crate::deployment::Names;
use crate::lambda::{Request, Running, Runtime};
use crate::platform::lock;
use crate::ports::{Gate, Ports, refused};
use crate::{Account, AwsError, Clock};

/// One function.
pub(super) struct Observed {
    pub(super) function: &'static str,
    pub(super) account: Account,
    pub(super) names: Arc<Names>,
    pub(super) call: Duration,
    pub(super) record: Arc<Mutex<Record>>,
}

impl Runtime for Observed {
    fn invoke(&self, Request { payload, .. }: Request) -> Running {
        let (function, by) = (self.function, invoker(&payload));
        let (clock, record) = (self.account.platform.clock, Arc::clone(&self.record));
        let gate = Written { function, by, clock, call: self.call, record: Arc::clone(&record) };
        let ports = Ports::new(self.account.clone(), Arc::clone(&self.names), gate);
        let deployment = deployment(&self.names);
        Box::pin(async move {
            let began = tokio::time::Instant::now();
            let result = run(function, payload, &ports, &deployment).await;
            lock(&record).invocations.push(Invoked { function, by, took: began.elapsed() });
            result
                .map_err(|error| json!({ "errorType": error.name(), "errorMessage": error.report().message }))
        })
    }
}

fn invoker(payload: &Value) -> Invoker {
    match payload["detail-type"].as_str() {
        None => Invoker::StepFunctions,
        Some("Scheduled Event") => Invoker::Schedule,
        Some(_) => Invoker::EventBridge,
    }
}

async fn run<G: Gate>(
    function: &str,
    payload: Value,
    ports: &Ports<G>,
    deployment: &Deployment,
) -> Result<Value, Error> {
    match function {
        "EC2StarterFromAMI" => start::handle(payload, deployment, ports, ports, ports).await,
        "Commander" => command::handle(payload, deployment, ports, ports).await,
        "EC2Poller" => {
            let ports = poll::Ports {
                clock: ports,
                instances: ports,
                commands: ports,
                tokens: ports,
                executions: ports,
            };
            poll::handle(payload, &ports).await
        }
        "RunChecker" => check::handle(payload, deployment, ports).await,
        _ => stop::handle(payload, deployment, ports, ports, ports).await,
    }
}

fn deployment(names: &Names) -> Deployment {
    Deployment {
        name: names.deployment.clone(),
        region: Region::new(&names.region),
        additional_regions: names.additional_regions.iter().map(Region::new).collect(),
        log_bucket: Some(names.log_bucket.clone()),
        log_group: None,
        fail_execution: false,
        backoff_s: 15,
    }
}

/// Lets every call pass, half of its time on the way there and half on the way back, and writes it down.
struct Written {
    function: &'static str,
    by: Invoker,
    clock: Clock,
    call: Duration,
    record: Arc<Mutex<Record>>,
}

impl Gate for Written {
    async fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Result<T, CallError> {
        let way = self.call / 2;
        tokio::time::sleep(way).await;
        let call = Called { at: self.clock.now(), action, function: self.function, by: self.by };
        lock(&self.record).calls.push(call);
        let answer = effect().map_err(|error| refused(action, error));
        tokio::time::sleep(way).await;
        answer
    }
}
