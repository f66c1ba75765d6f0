//! Invocations as slow as on AWS, each of whose calls is counted.

use std::future::Future;
use std::time::Duration;

use ec2_ops::{AwsError as CallError, AwsErrorKind};
use serde_json::Value;

use super::tally::{Refusal, Tally};
use crate::harness::Invocation;
use crate::ports::{Gate, refused};
use ec2_ops_sandbox::lambda::{FunctionResult, Request};
use ec2_ops_sandbox::{Account, AwsError};

/// How long an invocation takes beside its calls, in milliseconds: the way to it, and its own work.
const OVERHEAD: (u64, u64) = (10, 40);
/// How long a refusal takes, in milliseconds.
const REFUSAL: (u64, u64) = (10, 40);
/// How long an answer takes, in milliseconds; the longer name first where two share a beginning.
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

/// One invocation.
#[derive(Clone)]
pub(super) struct Counted {
    account: Account,
    by: &'static str,
    tally: Tally,
}

impl Counted {
    pub(super) fn begin(account: &Account, tally: &Tally, function: &'static str, request: &Request) -> Self {
        let by = source(function, &request.payload);
        Self { account: account.clone(), by, tally: tally.clone() }
    }
}

impl Invocation for Counted {
    fn carry_out(
        self,
        step: impl Future<Output = FunctionResult> + Send,
    ) -> impl Future<Output = FunctionResult> + Send {
        let running = self.tally.invoked(self.by);
        async move {
            let _running = running;
            pause(&self.account, OVERHEAD).await;
            step.await
        }
    }
}

/// The source of an invocation: a state of the state machine, an event, or the sweeper's schedule.
fn source(function: &'static str, payload: &Value) -> &'static str {
    match (function, payload.get("detail-type").and_then(Value::as_str)) {
        ("EC2StarterFromAMI", _) if payload.get("instance").is_some() => "Boot",
        (_, Some("Scheduled Event")) => "sweeper",
        (_, Some(_)) => "event",
        _ => function,
    }
}

impl Gate for Counted {
    async fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Result<T, CallError> {
        let answer = effect().map_err(|error| refused(action, error));
        let refusal = answer.as_ref().err().map(|error| match error.kind {
            AwsErrorKind::Throttled => Refusal::Throttled,
            _ => Refusal::Other,
        });
        self.tally.called(action, self.by, refusal);
        let usual =
            LATENCIES.iter().find(|(name, _)| action.starts_with(name)).map_or(LATENCY, |(_, range)| *range);
        pause(&self.account, if refusal.is_some() { REFUSAL } else { usual }).await;
        answer
    }
}

async fn pause(account: &Account, (low, high): (u64, u64)) {
    let millis = Duration::from_millis;
    tokio::time::sleep(account.platform.between(millis(low), millis(high))).await;
}
