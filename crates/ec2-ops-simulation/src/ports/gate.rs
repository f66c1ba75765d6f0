//! The gate between a caller and the account.

use std::future::Future;

use super::Answer;
use ec2_ops_sandbox::AwsError;

/// The way of a call to AWS and back: how long it takes, and what goes wrong on it.
///
/// [`Ports`](super::Ports) make every call through a gate. The gate receives the call as an `effect` that it may carry out or
/// not, now or later, and it decides what the caller gets as the answer. So all that can happen to a call over a network can
/// be written as a gate, and neither the steps nor the account know of it:
///
/// | what happens | what the gate does |
/// |---|---|
/// | nothing | answers with the result of the effect |
/// | the service refuses the call | answers with an error, without the effect |
/// | the answer is lost | carries out the effect, and answers with an error |
/// | the network is slow | sleeps, before the effect or after it |
/// | the caller dies | never answers |
/// | the answer is incomplete | [`loses`](Self::loses) a [`Part`] of it |
///
/// # Examples
///
/// A gate that loses the answer of the first call. The launch has happened; the caller cannot know.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use ec2_ops::ids::Region;
/// use ec2_ops::ports::Objects;
/// use ec2_ops_sandbox::deployment::Names;
/// use ec2_ops_sandbox::{Account, AccountConfig, AwsError};
/// use ec2_ops_simulation::ports::{Gate, Ports, refused};
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
/// #[derive(Default)]
/// struct LosesTheFirstAnswer {
///     lost: AtomicBool,
/// }
///
/// impl Gate for LosesTheFirstAnswer {
///     async fn pass<T: Send>(
///         &self,
///         action: &'static str,
///         effect: impl FnOnce() -> Result<T, AwsError> + Send,
///     ) -> Result<T, ec2_ops::AwsError> {
///         let answer = effect().map_err(|error| refused(action, error));
///         if self.lost.swap(true, Ordering::Relaxed) {
///             answer
///         } else {
///             Err(ec2_ops::AwsError::new(action, "Timeout", "the answer was lost", None))
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let (_machines, events) = tokio::sync::mpsc::unbounded_channel();
/// # let epoch = "2026-01-01T00:00:00Z".parse().unwrap();
/// # let account = Account::new(epoch, AccountConfig::default(), Arc::new(NoMachines), events);
/// account.s3.create_bucket("output", "us-east-1").unwrap();
/// let ports = Ports::new(account, Arc::new(Names::default()), LosesTheFirstAnswer::default());
/// let region = Region::new("us-east-1");
/// assert_eq!(ports.bucket_exists(&region, "output").await.unwrap_err().code, "Timeout");
/// assert_eq!(ports.bucket_exists(&region, "output").await, Ok(true));
/// # }
/// ```
///
/// [`PlannedGate`](crate::PlannedGate) does this and more by a plan.
pub trait Gate: Send + Sync {
    /// Lets a call of `action` pass: carries out its `effect` or not, and answers.
    fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> impl Future<Output = Answer<T>> + Send;

    /// Whether the answer of a call arrives without `part`.
    fn loses(&self, part: Part<'_>) -> bool {
        let _ = part;
        false
    }
}

/// Part of an answer, which can be absent from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// `ExecutionStartDateTime` and `ExecutionEndDateTime` of the command with this id.
    CommandTimes(&'a str),
    /// What only explains the instance with this id: type, zone, image, and the time of its launch.
    InstanceFacts(&'a str),
}

/// The account's refusal of `action`, as the adapters over the SDK would read it.
pub fn refused(action: &'static str, error: AwsError) -> ec2_ops::AwsError {
    // The answer to a HEAD request has no body, so its status is the only code.
    let code = match (action, error.code.as_str()) {
        ("HeadBucket" | "HeadObject", "NoSuchBucket" | "NoSuchKey") => "NotFound".to_owned(),
        ("HeadBucket" | "HeadObject", _) => format!("Http{}", error.status),
        _ => error.code,
    };
    ec2_ops::AwsError::new(action, code, error.message, Some(error.status))
}
