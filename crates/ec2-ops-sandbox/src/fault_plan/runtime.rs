//! Invocations that die by plan.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{FaultPlan, InvocationFault};
use crate::lambda::{Request, Running, Runtime};

/// A runtime that kills invocations by plan. Dropping the invocation's future kills its process.
pub struct PlannedRuntime {
    /// The function.
    pub function: &'static str,
    /// The plan.
    pub plan: FaultPlan,
    /// The runtime below.
    pub runtime: Arc<dyn Runtime>,
}

impl Runtime for PlannedRuntime {
    fn invoke(&self, request: Request) -> Running {
        let fault = self.plan.next_invocation(self.function);
        let deaths = self.plan.deaths_of(self.function);
        let request_id = request.request_id.clone();
        let running = self.runtime.invoke(request);
        Box::pin(async move {
            let mut killed = std::pin::pin!(deaths.notified());
            // Registered now, since the order to die may come before the first poll.
            killed.as_mut().enable();
            let result = tokio::select! {
                biased;
                result = running => result,
                () = killed => return Err(exit_error(&request_id)),
                // The invocation has been polled by then, so it has begun.
                () = std::future::ready(()), if fault == Some(InvocationFault::DiesBefore) => {
                    return Err(exit_error(&request_id));
                }
            };
            if fault == Some(InvocationFault::DiesAfter) { Err(exit_error(&request_id)) } else { result }
        })
    }
}

/// Lambda's error for a process that died.
fn exit_error(request_id: &str) -> Value {
    json!({
        "errorType": "Runtime.ExitError",
        "errorMessage": format!("RequestId: {request_id} Error: Runtime exited with error: signal: killed"),
    })
}
