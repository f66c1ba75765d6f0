//! The gate of a trial: a call meets the fault that a plan has for it.

use std::time::Duration;

use ec2_ops::AwsError as CallError;

use crate::harness::Invocation;
use crate::ports::{Gate, refused};
use ec2_ops_sandbox::AwsError;
use ec2_ops_sandbox::fault_plan::{FaultPlan, Instead};

/// From a call to its effect.
const LATENCY: Duration = Duration::from_millis(5);

/// Lets the calls of one function pass, except those for which the plan has a fault.
///
/// # Examples
///
/// RunChecker's first look at a bucket fails, and its second does not:
///
/// ```
/// use std::sync::Arc;
///
/// use ec2_ops::ids::Region;
/// use ec2_ops::ports::Objects;
/// use ec2_ops_sandbox::deployment::Names;
/// use ec2_ops_sandbox::fault_plan::{CallFault, Fault, FaultPlan};
/// use ec2_ops_sandbox::{Account, AccountConfig};
/// use ec2_ops_simulation::PlannedGate;
/// use ec2_ops_simulation::ports::Ports;
/// # use ec2_ops_sandbox::ec2::{Hypervisor, InstanceFacts};
/// # use ec2_ops_sandbox::ssm::{Runner, Script};
/// # struct NoMachines;
/// # impl Hypervisor for NoMachines {
/// #     fn power_on(&self, _: &InstanceFacts) {}
/// #     fn power_off(&self, _: &str) {}
/// # }
/// # impl Runner for NoMachines {
/// #     fn run(&self, _: &str, _: &Script) {}
/// #     fn cancel(&self, _: &str, _: &str) {}
/// # }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let (_machines, events) = tokio::sync::mpsc::unbounded_channel();
/// # let epoch = "2026-01-01T00:00:00Z".parse().unwrap();
/// # let account = Account::new(epoch, AccountConfig::default(), Arc::new(NoMachines), events);
/// let fault = CallFault::Throttled;
/// let first = Fault::Call { function: "RunChecker", action: "HeadBucket", nth: 1, fault };
/// let plan = FaultPlan::new([first]);
///
/// let gate = PlannedGate { function: "RunChecker", plan: plan.clone() };
/// let ports = Ports::new(account, Arc::new(Names::default()), gate);
/// let region = Region::new("us-east-1");
/// assert!(ports.bucket_exists(&region, "output").await.is_err());
/// assert_eq!(ports.bucket_exists(&region, "output").await, Ok(false));
/// assert_eq!(plan.unfired(), []);
/// # }
/// ```
#[derive(Clone)]
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
                // The code for a broken connection, and for an answer that is not of AWS.
                Instead::Silence | Instead::Page(_) => {
                    CallError::new(action, "DispatchFailure", "the connection broke", None)
                }
            })
        };
        self.plan.carry(self.function, action, effect, instead).await
    }
}

impl Invocation for PlannedGate {}
