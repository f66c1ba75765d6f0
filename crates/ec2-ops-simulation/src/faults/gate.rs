//! The gate of a simulated invocation: each call meets the fault that chance draws for it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use ec2_ops::AwsError as CallError;
use serde_json::json;
use tokio::sync::Notify;

use super::chance::Faults;
use super::kind::FaultKind;
use crate::harness::Invocation;
use crate::ports::{Gate, Part, refused};
use ec2_ops_sandbox::AwsError;
use ec2_ops_sandbox::lambda::FunctionResult;

/// The gate of one Lambda invocation, which a fault may end.
#[derive(Clone)]
pub(crate) struct FaultyGate {
    faults: Arc<Faults>,
    caller: Caller,
    /// Notified when a fault kills the invocation.
    dead: Arc<Notify>,
}

/// The invocation that makes a call.
#[derive(Clone)]
struct Caller {
    function: &'static str,
    request_id: String,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to distinguish concurrent invocations.
        write!(f, "{} {}", self.function, self.request_id.get(..4).unwrap_or_default())
    }
}

impl FaultyGate {
    /// The gate of the invocation `request_id` of `function`.
    pub(crate) fn new(faults: &Arc<Faults>, function: &'static str, request_id: &str) -> Self {
        let caller = Caller { function, request_id: request_id.to_owned() };
        Self { faults: Arc::clone(faults), caller, dead: Arc::default() }
    }
}

impl Gate for FaultyGate {
    async fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Result<T, CallError> {
        let faults = &self.faults;
        let fault = faults.draw(self.caller.function, action);
        if let Some(kind) = fault {
            faults.count(kind);
        }
        tokio::time::sleep(faults.millis(2..40)).await;
        let fail = |code: &str, status| Err(CallError::new(action, code, "injected", status));
        let answer = match fault {
            None => effect().map_err(|error| refused(action, error)),
            Some(FaultKind::Throttled) => fail("ThrottlingException", Some(400)),
            Some(FaultKind::LostAnswer) => {
                let _ = effect();
                tokio::time::sleep(faults.millis(1_000..10_000)).await;
                fail("Timeout", None)
            }
            Some(FaultKind::Delay) => {
                tokio::time::sleep(faults.millis(1_000..10_000)).await;
                effect().map_err(|error| refused(action, error))
            }
            Some(FaultKind::LambdaDiesBefore) => {
                self.dead.notify_one();
                return std::future::pending().await;
            }
            Some(FaultKind::LambdaDiesAfter) => {
                let _ = effect();
                faults.note(|| format!("{}  {action}: done, and LambdaDiesAfter", self.caller));
                self.dead.notify_one();
                return std::future::pending().await;
            }
            Some(FaultKind::Repetition(error)) => Err(error.answer(action)),
            Some(FaultKind::LambdaHangs) => return std::future::pending().await,
            Some(_) => fail("InternalError", Some(500)),
        };
        faults.note(|| {
            let result = answer.as_ref().map_or_else(|error| error.code.clone(), |_| "ok".to_owned());
            let caller = &self.caller;
            format!(
                "{caller}  {action}: {result}{}",
                fault.map(|kind| format!(" ({kind:?})")).unwrap_or_default()
            )
        });
        tokio::time::sleep(faults.millis(2..40)).await;
        answer
    }

    fn loses(&self, part: Part<'_>) -> bool {
        self.faults.loses(part)
    }
}

impl Invocation for FaultyGate {
    async fn carry_out(self, step: impl Future<Output = FunctionResult> + Send) -> FunctionResult {
        let result = tokio::select! {
            biased;
            result = step => result,
            () = self.dead.notified() => Err(json!({ "errorType": "Runtime.ExitError", "errorMessage": "killed" })),
        };
        self.faults.note(|| {
            let (Ok(answer) | Err(answer)) = &result;
            format!("{} -> {answer}", self.caller)
        });
        result
    }
}
