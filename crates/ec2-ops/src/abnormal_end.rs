//! The second net: an execution was stopped, timed out or failed beyond any Catch.
//!
//! Step Functions says so on the event bus, and EC2Stopper ends what the execution left. See
//! <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clean::{VISIBILITY, end_all};
use crate::deployment::Deployment;
use crate::error::Error;
use crate::ids::ExecutionId;
use crate::ports::{Clock, Instances, Volumes};
use crate::step::read;
use crate::tags;

/// The `detail-type` of the event.
pub(crate) const DETAIL_TYPE: &str = "Step Functions Execution Status Change";

#[derive(Deserialize)]
struct Event {
    time: Timestamp,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    execution_arn: ExecutionId,
}

/// Ends what the execution left, in every region of the deployment.
///
/// # Errors
/// While something has yet to settle; Lambda repeats the invocation, and the sweeper sees the rest through.
pub(crate) async fn handle<C: Instances + Volumes>(
    payload: Value,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
) -> Result<Value, Error> {
    let Event { time, detail } = read(payload)?;
    let ours = tags::of_execution(&detail.execution_arn, &deployment.name);
    let (mut ended, mut failed) = (Vec::new(), None);
    for region in deployment.regions() {
        // A region that fails must not shield the others.
        match end_all(region, &ours, ec2).await {
            Ok(instances) => ended.extend(instances.into_iter().map(|instance| instance.id)),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    // Whatever was found: an attempt that had just begun may have launched another, which cannot be seen yet.
    if clock.now().duration_since(time) < VISIBILITY {
        return Err(Error::CleanupPending(
            "too soon after the end to have seen everything; Lambda's retry looks again".to_owned(),
        ));
    }
    Ok(json!({ "ended": ended }))
}
