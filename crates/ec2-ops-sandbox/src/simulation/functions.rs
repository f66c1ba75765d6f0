//! The five functions in process: the real steps behind faulty ports.

use std::sync::Arc;

use ec2_ops::ids::Region;
use ec2_ops::{Deployment, Error, check, command, poll, start, stop};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::faults::{Caller, Faults, FaultyGate};
use super::hobbled::{Hobbled, Safeguard};
use crate::Account;
use crate::deployment::Names;
use crate::lambda::{FunctionResult, Request, Running, Runtime};
use crate::ports::Ports;

/// One function.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) account: Account,
    pub(super) names: Arc<Names>,
    pub(super) faults: Arc<Faults>,
    pub(super) without: Option<Safeguard>,
}

impl Runtime for Step {
    fn invoke(&self, request: Request) -> Running {
        let dead = Arc::new(Notify::new());
        let caller = Caller { function: self.name, request_id: request.request_id };
        let gate =
            FaultyGate { faults: Arc::clone(&self.faults), caller: caller.clone(), dead: Arc::clone(&dead) };
        let ports = Ports::new(self.account.clone(), Arc::clone(&self.names), gate);
        let (name, names, without) = (self.name, Arc::clone(&self.names), self.without);
        let faults = Arc::clone(&self.faults);
        Box::pin(async move {
            let hobbled = Hobbled { ports: &ports, without, nonce: &caller.request_id };
            let result = tokio::select! {
                biased;
                result = run(name, request.payload, &ports, &hobbled, &names) => result.map_err(|error| report(&error)),
                () = dead.notified() => Err(json!({ "errorType": "Runtime.ExitError", "errorMessage": "killed" })),
            };
            faults.note(|| format!("{caller} -> {}", told(&result)));
            result
        })
    }
}

async fn run(
    name: &str,
    payload: Value,
    ports: &Ports<FaultyGate>,
    hobbled: &Hobbled<'_, Ports<FaultyGate>>,
    names: &Names,
) -> Result<Value, Error> {
    let deployment = deployment(names);
    match name {
        "EC2StarterFromAMI" => start::handle(payload, &deployment, hobbled, hobbled, hobbled).await,
        "Commander" => command::handle(payload, &deployment, hobbled, hobbled).await,
        "EC2Poller" => {
            let ports = poll::Ports {
                clock: hobbled,
                instances: hobbled,
                commands: hobbled,
                tokens: ports,
                executions: ports,
            };
            poll::handle(payload, &ports).await
        }
        "RunChecker" => check::handle(payload, &deployment, hobbled).await,
        _ => stop::handle(payload, &deployment, hobbled, hobbled, ports).await,
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

fn report(error: &Error) -> Value {
    json!({ "errorType": error.name(), "errorMessage": error.to_string() })
}

fn told(result: &FunctionResult) -> String {
    match result {
        Ok(answer) => answer.to_string(),
        Err(error) => error.to_string(),
    }
}
