//! The five functions in process, each as slow as on AWS, and each call counted.

use std::sync::Arc;
use std::time::Duration;

use ec2_ops::{AwsError as CallError, AwsErrorKind};
use serde_json::Value;

use super::tally::Tally;
use crate::ports::{Gate, Ports, refused};
use crate::steps::{report, run};
use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::lambda::{Request, Running, Runtime};
use ec2_ops_sandbox::{Account, AwsError};

/// What an invocation takes beside its calls: the way to it, and its own work. In milliseconds.
const OVERHEAD: (u64, u64) = (10, 40);
/// How long a refusal takes, in milliseconds.
const REFUSAL: (u64, u64) = (10, 40);
/// How long an answer takes, in milliseconds; longest first where names share a beginning.
const LATENCIES: [(&str, (u64, u64)); 9] = [
    ("RunInstances", (800, 2_000)),
    ("DescribeInstanceInformation", (30, 100)),
    ("Describe", (60, 200)),
    ("TerminateInstances", (200, 500)),
    ("StopInstances", (200, 500)),
    ("SendCommand", (60, 200)),
    ("Head", (10, 40)),
    ("GetItem", (3, 12)),
    ("PutItem", (3, 12)),
];
/// Of every other action.
const LATENCY: (u64, u64) = (15, 60);

/// One function.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) account: Account,
    pub(super) names: Arc<Names>,
    pub(super) tally: Tally,
}

impl Runtime for Function {
    fn invoke(&self, request: Request) -> Running {
        let by = caller(self.name, &request.payload);
        let running = self.tally.invoked(by);
        let (account, names) = (self.account.clone(), Arc::clone(&self.names));
        let gate = Counted { account: account.clone(), by, tally: self.tally.clone() };
        let (name, ports) = (self.name, Ports::new(account.clone(), Arc::clone(&names), gate));
        Box::pin(async move {
            let _running = running;
            pause(&account, OVERHEAD).await;
            run(name, request.payload, &ports, &ports, &names).await.map_err(|error| report(&error))
        })
    }
}

/// Who asks for an invocation: a state of the state machine, or what EventBridge brings.
fn caller(function: &'static str, payload: &Value) -> &'static str {
    match (function, payload.get("detail-type").and_then(Value::as_str)) {
        ("EC2StarterFromAMI", _) if payload.get("instance").is_some() => "Boot",
        (_, Some("Scheduled Event")) => "sweeper",
        (_, Some(_)) => "event",
        _ => function,
    }
}

struct Counted {
    account: Account,
    by: &'static str,
    tally: Tally,
}

impl Gate for Counted {
    async fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Result<T, CallError> {
        let answer = effect().map_err(|error| refused(action, error));
        let throttled = answer.as_ref().is_err_and(|error| error.kind == AwsErrorKind::Throttled);
        self.tally.called(action, self.by, throttled);
        let usual =
            LATENCIES.iter().find(|(name, _)| action.starts_with(name)).map_or(LATENCY, |(_, range)| *range);
        pause(&self.account, if throttled { REFUSAL } else { usual }).await;
        answer
    }
}

async fn pause(account: &Account, (low, high): (u64, u64)) {
    let millis = Duration::from_millis;
    tokio::time::sleep(account.platform.between(millis(low), millis(high))).await;
}
