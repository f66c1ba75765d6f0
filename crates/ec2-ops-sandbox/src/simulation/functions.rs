//! The five functions in process: the real steps behind faulty ports.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use super::faults::{Caller, Faults, FaultyGate};
use super::hobbled::{Hobbled, Safeguard};
use crate::Account;
use crate::deployment::Names;
use crate::iam::Role;
use crate::lambda::{FunctionResult, Request, Running, Runtime};
use crate::ports::Ports;
use crate::steps::{report, run};

/// One function.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) account: Account,
    pub(super) names: Arc<Names>,
    pub(super) faults: Arc<Faults>,
    pub(super) without: Option<Safeguard>,
    pub(super) role: Option<Arc<Role>>,
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
