//! Invocations that are written down, each with its calls.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops::AwsError as CallError;
use serde_json::Value;

use super::{Called, Invoked, Invoker, Record};
use crate::harness::Invocation;
use crate::ports::{Gate, refused};
use ec2_ops_sandbox::lambda::{FunctionResult, Request};
use ec2_ops_sandbox::lock;
use ec2_ops_sandbox::{AwsError, Clock};

/// One invocation.
#[derive(Clone)]
pub(super) struct Recorded {
    function: &'static str,
    by: Invoker,
    clock: Clock,
    call: Duration,
    record: Arc<Mutex<Record>>,
}

impl Recorded {
    /// An invocation whose calls take `call` each.
    pub(super) fn begin(
        function: &'static str,
        request: &Request,
        clock: Clock,
        call: Duration,
        record: &Arc<Mutex<Record>>,
    ) -> Self {
        Self { function, by: invoker(&request.payload), clock, call, record: Arc::clone(record) }
    }
}

impl Invocation for Recorded {
    async fn carry_out(self, step: impl Future<Output = FunctionResult> + Send) -> FunctionResult {
        let began = tokio::time::Instant::now();
        let result = step.await;
        let invoked = Invoked { function: self.function, by: self.by, took: began.elapsed() };
        lock(&self.record).invocations.push(invoked);
        result
    }
}

fn invoker(payload: &Value) -> Invoker {
    match payload["detail-type"].as_str() {
        None => Invoker::StepFunctions,
        Some("Scheduled Event") => Invoker::Schedule,
        Some(_) => Invoker::EventBridge,
    }
}

impl Gate for Recorded {
    /// A call has its effect after half of its time.
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
