//! The five functions in process: the real steps over the account's ports.

use std::future::Future;
use std::sync::Arc;

use ec2_ops::{Error, Leftover};
use serde_json::{Value, json};

use super::steps;
use crate::ports::{Gate, Ports};
use crate::safeguards::{Safeguard, WithoutSafeguard};
use ec2_ops_sandbox::Account;
use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::iam::Role;
use ec2_ops_sandbox::lambda::{FunctionResult, Request, Running, Runtime};

/// One invocation of a function: the gate that its calls pass, and what happens around its step.
pub(crate) trait Invocation: Gate + Clone + 'static {
    /// Carries out `step`, whose calls pass this gate.
    fn carry_out(
        self,
        step: impl Future<Output = FunctionResult> + Send,
    ) -> impl Future<Output = FunctionResult> + Send {
        step
    }
}

/// One function of a deployment, whose invocations `begin` makes.
pub(crate) struct Function<B> {
    pub(crate) name: &'static str,
    pub(crate) account: Account,
    pub(crate) names: Arc<Names>,
    pub(crate) begin: B,
    /// The role that it acts as. `None`: it may do everything.
    pub(crate) role: Option<Arc<Role>>,
    /// The safeguard that its ports lack.
    pub(crate) without: Option<Safeguard>,
}

impl<B, I> Runtime for Function<B>
where
    B: Fn(&'static str, &Request) -> I + Send + Sync,
    I: Invocation,
{
    fn invoke(&self, request: Request) -> Running {
        let invocation = (self.begin)(self.name, &request);
        let ports = Ports::new(self.account.clone(), Arc::clone(&self.names), invocation.clone())
            .acting_as(self.role.clone());
        let (name, names, without) = (self.name, Arc::clone(&self.names), self.without);
        let Request { request_id, payload, .. } = request;
        let step = async move {
            let aws = WithoutSafeguard { ports: &ports, without, nonce: &request_id };
            let mut payload = payload;
            if name == "EC2Stopper" && without == Some(Safeguard::KnownId) {
                payload["state"]["instance"] = Value::Null;
            }
            loop {
                match steps::run(name, payload.clone(), &ports, &aws, &names).await {
                    Err(Error::CandidateUnavailable(_)) if without == Some(Safeguard::OneCandidate) => {
                        payload["candidate"] = (payload["candidate"].as_u64().unwrap_or_default() + 1).into();
                    }
                    Err(error) if without == Some(Safeguard::FirstTry) => {
                        break Err(report(&of_first_try(error)));
                    }
                    answer => break answer.map_err(|error| report(&error)),
                }
            }
        };
        Box::pin(invocation.carry_out(step))
    }
}

/// The error as that of a first try, whichever try it is of.
fn of_first_try(error: Error) -> Error {
    match error.kind().leftover() {
        Leftover::Nothing if !matches!(error, Error::FirstTry(_)) => Error::FirstTry(Box::new(error)),
        _ => error,
    }
}

/// A step's error, as the function's runtime reports it.
fn report(error: &Error) -> Value {
    json!({ "errorType": error.name(), "errorMessage": error.to_string() })
}
