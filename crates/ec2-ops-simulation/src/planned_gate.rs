//! The way of a call in process.

use std::time::Duration;

use ec2_ops::AwsError as CallError;

use crate::ports::{Gate, refused};
use ec2_ops_sandbox::AwsError;
use ec2_ops_sandbox::fault_plan::{FaultPlan, Instead};

/// How long a call is under way.
const LATENCY: Duration = Duration::from_millis(5);

/// Lets the calls of one function pass, where the plan does not say otherwise.
pub struct PlannedGate {
    /// The function.
    pub function: &'static str,
    /// The plan.
    pub plan: FaultPlan,
}

impl Gate for PlannedGate {
    async fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Result<T, CallError> {
        tokio::time::sleep(LATENCY).await;
        let effect = async { effect().map_err(|error| refused(action, error)) };
        let instead = |instead| {
            Err(match instead {
                Instead::Refusal(error) => refused(action, error),
                // The SDK's word for a connection that broke.
                Instead::Silence => CallError::new(action, "DispatchFailure", "the connection broke", None),
            })
        };
        self.plan.carry(self.function, action, effect, instead).await
    }
}
