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
use crate::ports::{Clock, Instances, Volumes};
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

/// Ends every instance of the execution, in every region of the deployment.
///
/// # Errors
/// While an instance is ending, or one may not be visible yet. Lambda retries the invocation twice; after that the
/// sweeper ends what remains.
pub(crate) async fn handle<C: Instances + Volumes>(
    event: Event,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
) -> Result<Value, Error> {
    let Event { time, detail } = event;
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
    if clock.now().duration_since(time) < VISIBILITY {
        return Err(Error::CleanupPending(
            "the execution ended only now, so an instance may not be visible yet; Lambda retries".to_owned(),
        ));
    }
    Ok(json!({ "ended": ended }))
}
