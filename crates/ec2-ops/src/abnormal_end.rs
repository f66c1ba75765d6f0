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
use crate::ids::ExecutionId;
use crate::ports::{Clock, ExecutionState, Executions, Instances, Volumes};
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
}

/// Ends every instance of the execution, in every region of the deployment, unless the execution runs again.
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
            Ok(instances) => ended.extend(instances.into_iter().map(|instance| instance.id)),
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
    Ok(json!({ "ended": ended }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{FakeAws, deployment, instance, time};
    use crate::ports::InstanceState;

    const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:ec2-ops:run";

    /// Handles the event of an end at 06:00.
    async fn handle_at(now: &str, execution: ExecutionState) -> (Result<Value, Error>, Vec<String>) {
        let tags = tags::of_execution(&ExecutionId::new(EXECUTION), "test");
        let instances = vec![instance("i-1", InstanceState::Running, tags)];
        let aws = FakeAws { now: time(now), instances, execution, ..FakeAws::default() };
        let detail = Detail { execution_arn: ExecutionId::new(EXECUTION) };
        let event = Event { time: time("2026-03-01T06:00:00Z"), detail };
        (handle(event, &deployment(), &aws, &aws, &aws).await, aws.calls())
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
