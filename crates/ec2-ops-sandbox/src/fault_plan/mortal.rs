//! Functions that die by plan.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{FaultPlan, InvocationFault};
use crate::lambda::{Request, Running, Runtime};

/// A runtime whose invocations die where the plan says so. What dies is dropped, and with it its process.
pub struct Mortal {
    /// The function.
    pub function: &'static str,
    /// The plan.
    pub plan: FaultPlan,
    /// What runs the function.
    pub runtime: Arc<dyn Runtime>,
}

impl Runtime for Mortal {
    fn invoke(&self, request: Request) -> Running {
        let fault = self.plan.next_invocation(self.function);
        let deaths = self.plan.deaths_of(self.function);
        let request_id = request.request_id.clone();
        let running = self.runtime.invoke(request);
        Box::pin(async move {
            let mut killed = std::pin::pin!(deaths.notified());
            // From here on: what kills it may come before it is polled.
            killed.as_mut().enable();
            let result = tokio::select! {
                biased;
                result = running => result,
                () = killed => return Err(exit_error(&request_id)),
                // By then it has been polled, so it has begun.
                () = std::future::ready(()), if fault == Some(InvocationFault::DiesBefore) => {
                    return Err(exit_error(&request_id));
                }
            };
            if fault == Some(InvocationFault::DiesAfter) { Err(exit_error(&request_id)) } else { result }
        })
    }
}

/// Lambda's words for a process that is gone.
fn exit_error(request_id: &str) -> Value {
    json!({
        "errorType": "Runtime.ExitError",
        "errorMessage": format!("RequestId: {request_id} Error: Runtime exited with error: signal: killed"),
    })
}
