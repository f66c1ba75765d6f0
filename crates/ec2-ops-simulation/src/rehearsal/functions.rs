//! The five functions in process, each call and each invocation written down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops::AwsError as CallError;
use serde_json::Value;

use super::{Called, Invoked, Invoker, Record};
use crate::ports::{Gate, Ports, refused};
use crate::steps::{report, run};
use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::lambda::{Request, Running, Runtime};
use ec2_ops_sandbox::lock;
use ec2_ops_sandbox::{Account, AwsError, Clock};

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
        let names = Arc::clone(&self.names);
        Box::pin(async move {
            let began = tokio::time::Instant::now();
            let result = run(function, payload, &ports, &ports, &names).await;
            lock(&record).invocations.push(Invoked { function, by, took: began.elapsed() });
            result.map_err(|error| report(&error))
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
