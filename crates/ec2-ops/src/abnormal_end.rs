//! The second safety net: ends the instances of an execution that was stopped, timed out, or failed beyond any Catch.
//!
//! Step Functions publishes an event, and EventBridge invokes EC2Stopper with it. See
//! <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clean::{VISIBILITY, end_all};
use crate::deployment::Deployment;
use crate::error::Error;
use crate::execution::Execution;
use crate::ids::{ExecutionId, Region};
use crate::ledger::{self, Cut};
use crate::ports::{Clock, ExecutionState, Executions, Instance, Instances, Ledger, Volumes};
use crate::tags;

/// *Step Functions Execution Status Change*: the execution is over.
#[derive(Deserialize)]
pub(crate) struct Event {
    time: Timestamp,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    execution_arn: ExecutionId,
    /// `ABORTED`, `FAILED` or `TIMED_OUT`.
    status: String,
    /// In milliseconds.
    start_date: i64,
    stop_date: Option<i64>,
    cause: Option<String>,
}

/// Ends every instance of the execution, in every region of the deployment, unless the execution runs again. Then writes
/// the line of the attempt that was cut off.
///
/// # Errors
/// While an instance is ending, one may not be visible yet, or Step Functions may not show the end yet. Lambda retries the invocation twice; after that the
/// sweeper ends what remains.
pub(crate) async fn handle<C: Instances + Volumes>(
    event: Event,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
    executions: &impl Executions,
    ledger: &impl Ledger,
) -> Result<Value, Error> {
    let Event { time, detail } = event;
    let is_fresh = clock.now().duration_since(time) < VISIBILITY;
    // A person can redrive an execution, and an event may be late. DescribeExecution may be late as well.
    if executions.state(&detail.execution_arn).await? == ExecutionState::Running {
        return if is_fresh {
            let message = "the execution ended only now, or runs again; Lambda retries";
            Err(Error::CleanupPending(message.to_owned()))
        } else {
            Ok(json!({ "ended": [] }))
        };
    }
    let ours = tags::of_execution(&detail.execution_arn, &deployment.name);
    let (mut ended, mut failed) = (Vec::new(), None);
    for region in deployment.regions() {
        // A failure in one region must not keep us from the others.
        match end_all(region, &ours, ec2).await {
            Ok(instances) => ended.extend(instances.into_iter().map(|instance| (region.clone(), instance))),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    // Even if instances were found: an attempt that had just begun may have launched one that is not visible yet.
    if is_fresh {
        return Err(Error::CleanupPending(
            "the execution ended only now, so an instance may not be visible yet; Lambda retries".to_owned(),
        ));
    }
    let warnings = match record(time, &detail, &ended, deployment, executions, ledger).await {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("the ledger lacks the last attempt: {error}")],
    };
    let ended: Vec<_> = ended.into_iter().map(|(_, instance)| instance.id).collect();
    Ok(json!({ "ended": ended, "warnings": warnings }))
}

/// Writes the line of the attempt that was cut off, if one was.
async fn record(
    time: Timestamp,
    detail: &Detail,
    instances: &[(Region, Instance)],
    deployment: &Deployment,
    executions: &impl Executions,
    ledger: &impl Ledger,
) -> Result<(), Error> {
    let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap_or(time);
    let started = at(detail.start_date);
    let execution = Execution { id: detail.execution_arn.clone(), started };
    let cut = Cut {
        status: detail.status.clone(),
        why: detail.cause.clone(),
        at: detail.stop_date.map_or(time, at),
    };
    let last_state = executions.last_state(&execution.id).await?.unwrap_or_default();
    match ledger::cut_attempt(&execution, last_state, &cut, instances, deployment) {
        Some((document, record)) => ledger::write(deployment, &execution, &document, &record, ledger).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fakes::{FakeAws, deployment, instance, time};
    use crate::ids::AttemptId;
    use crate::ports::InstanceState;
    use crate::tags::{OnEnd, Tags};

    const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:ec2-ops:run";

    /// Handles the event of an end at 06:00.
    async fn handle_at(now: &str, execution: ExecutionState) -> (Result<Value, Error>, Vec<String>) {
        let instances = vec![instance("i-1", InstanceState::Running, tags())];
        let aws = FakeAws { now: time(now), instances, execution, ..FakeAws::default() };
        (handle(event(), &deployment(), &aws, &aws, &aws, &aws).await, aws.calls())
    }

    fn tags() -> Tags {
        let execution = ExecutionId::new(EXECUTION);
        tags::of_attempt(&AttemptId { execution, attempt: 2 }, "test", OnEnd::of(&Tags::new()))
    }

    fn event() -> Event {
        let at = time("2026-03-01T06:00:00Z");
        let detail = Detail {
            execution_arn: ExecutionId::new(EXECUTION),
            status: "ABORTED".to_owned(),
            start_date: time("2026-03-01T05:00:00Z").as_millisecond(),
            stop_date: Some(at.as_millisecond()),
            cause: Some("no longer needed".to_owned()),
        };
        Event { time: at, detail }
    }

    /// What the ledger has after the second attempt of an execution was cut off in this state.
    async fn ledger_after(section: &str, value: Value) -> BTreeMap<String, Value> {
        let mut state = json!({
            "document": {
                "commands": ["true"],
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            },
            "attempt": { "number": 2, "started": "2026-02-28T23:59:00Z" },
            "attempts": [],
            "instance": {
                "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": "2026-03-01T05:31:00Z",
            },
        });
        state[section] = value;
        let aws = FakeAws {
            now: time("2026-03-01T06:01:05Z"),
            instances: vec![instance("i-1", InstanceState::Terminated, tags())],
            last_state: Some(state),
            ..FakeAws::default()
        };
        let deployment = Deployment { log_bucket: Some("logs".to_owned()), ..deployment() };
        handle(event(), &deployment, &aws, &aws, &aws, &aws).await.unwrap();
        aws.ledger.into_inner().unwrap()
    }

    #[tokio::test]
    async fn the_attempt_that_was_cut_off_has_a_line_that_says_so() {
        let ledger = ledger_after("tried", json!("")).await;
        let line = &ledger["logs/runs/date=2026-02-28/run-2.json"];
        assert_eq!((&line["status"], &line["instance"]), (&json!("Aborted"), &json!("i-1")));
        assert_eq!(line["reason"], "the execution was stopped: no longer needed");
        assert_eq!((&line["zone"], &line["market"]), (&json!("us-east-1b"), &json!("spot")));
        assert_eq!(line["instance_seconds"], 29 * 60 + 7);
    }

    #[tokio::test]
    async fn an_attempt_that_was_over_when_its_execution_was_stopped_keeps_its_own_end() {
        let ledger = ledger_after("over", json!({ "at": "2026-03-01T05:59:00Z" })).await;
        assert_eq!(ledger.into_values().next().unwrap()["status"], "Succeeded");
        assert_eq!(ledger_after("outcome", json!({ "status": "CommandFailed" })).await, BTreeMap::new());
    }

    /// Step Functions may not show its history, and S3 may refuse the line.
    #[tokio::test]
    async fn a_ledger_that_cannot_be_written_is_a_warning() {
        for action in ["GetExecutionHistory", "PutObject"] {
            let state = json!({ "document": {}, "attempt": { "number": 1, "started": "2026-03-01T05:00:00Z" },
                "attempts": [] });
            let aws = FakeAws {
                now: time("2026-03-01T06:01:05Z"),
                failing: Some((action, "AccessDenied")),
                last_state: Some(state),
                ..FakeAws::default()
            };
            let deployment = Deployment { log_bucket: Some("logs".to_owned()), ..deployment() };
            let answer = handle(event(), &deployment, &aws, &aws, &aws, &aws).await.unwrap();
            assert!(answer["warnings"][0].as_str().unwrap().contains(action), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_late_event_does_not_end_the_instance_of_a_redriven_execution() {
        let (answer, calls) = handle_at("2026-03-01T06:10:00Z", ExecutionState::Running).await;
        assert_eq!((answer, calls), (Ok(json!({ "ended": [] })), Vec::new()));
    }

    #[tokio::test]
    async fn a_fresh_event_is_tried_again_while_step_functions_does_not_show_the_end() {
        let (answer, calls) = handle_at("2026-03-01T06:00:05Z", ExecutionState::Running).await;
        assert_eq!((answer.unwrap_err().name(), calls), ("CleanupPending", Vec::new()));
        let (_, calls) = handle_at("2026-03-01T06:01:05Z", ExecutionState::Over).await;
        assert_eq!(calls, ["StopInstances i-1"]);
    }
}
