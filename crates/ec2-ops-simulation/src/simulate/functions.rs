//! The five functions in process: the real steps behind faulty ports.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use super::faults::{Caller, Faults, FaultyGate};
use super::hobbled::{Hobbled, Safeguard};
use crate::ports::Ports;
use crate::steps::{report, run};
use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::iam::Role;
use ec2_ops_sandbox::lambda::{FunctionResult, Request, Running, Runtime};

/// One function.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) account: Account,
    pub(crate) names: Arc<Names>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) without: Option<Safeguard>,
    pub(crate) role: Option<Arc<Role>>,
}

impl Runtime for Step {
    fn invoke(&self, request: Request) -> Running {
        let dead = Arc::new(Notify::new());
        let caller = Caller { function: self.name, request_id: request.request_id };
        let gate =
            FaultyGate { faults: Arc::clone(&self.faults), caller: caller.clone(), dead: Arc::clone(&dead) };
        let ports =
            Ports::new(self.account.clone(), Arc::clone(&self.names), gate).acting_as(self.role.clone());
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

fn told(result: &FunctionResult) -> String {
    match result {
        Ok(answer) => answer.to_string(),
        Err(error) => error.to_string(),
    }
}
