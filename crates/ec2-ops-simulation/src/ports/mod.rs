//! The ports of the core, a file for each service, answered by the model in process: each call passes a [`Gate`], as on AWS
//! each passes a network.

mod dynamodb;
mod ec2;
mod s3;
mod sfn;
mod ssm;

use std::future::Future;
use std::sync::Arc;

use ec2_ops::ports::Clock;
use jiff::Timestamp;

use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::iam::{On, Role};
use ec2_ops_sandbox::{Account, AwsError};

/// Entries of a page, as the SDK adapters ask for them.
const PAGE: usize = 1000;

type Answer<T> = Result<T, ec2_ops::AwsError>;

/// What stands between a caller and the model: time, and whatever goes wrong on the way.
pub trait Gate: Send + Sync {
    /// Lets a call of `action` have its `effect`, or not, and answer, or not.
    fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> impl Future<Output = Answer<T>> + Send;
}

/// All ports, over one account.
pub struct Ports<G> {
    account: Account,
    names: Arc<Names>,
    gate: G,
    role: Option<Arc<Role>>,
}

impl<G: Gate> Ports<G> {
    /// The ports of `account`, through `gate`.
    pub fn new(account: Account, names: Arc<Names>, gate: G) -> Self {
        Self { account, names, gate, role: None }
    }

    /// The same ports, in the hands of somebody who may do what `role` allows, or everything without one.
    pub(crate) fn acting_as(self, role: Option<Arc<Role>>) -> Self {
        Self { role, ..self }
    }

    /// A call that reaches AWS counts against the account's quotas there, and is judged, before it has its effect.
    async fn call<T: Send>(
        &self,
        region: &str,
        action: &'static str,
        on: On<'_>,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Answer<T> {
        let admitted = || {
            self.account.admit(region, action)?;
            if let Some(role) = &self.role {
                role.permit(region, action, on, &self.account.platform, &self.account.ec2)?;
            }
            effect()
        };
        self.gate.pass(action, admitted).await
    }
}

/// An answer of the model as the SDK adapters would read it.
pub fn refused(action: &'static str, error: AwsError) -> ec2_ops::AwsError {
    // The answer to a HEAD request has no body, so what there is of a code is the status.
    let code = match (action, error.code.as_str()) {
        ("HeadBucket" | "HeadObject", "NoSuchBucket" | "NoSuchKey") => "NotFound".to_owned(),
        ("HeadBucket" | "HeadObject", _) => format!("Http{}", error.status),
        _ => error.code,
    };
    ec2_ops::AwsError::new(action, code, error.message, Some(error.status))
}

impl<G: Gate> Clock for Ports<G> {
    fn now(&self) -> Timestamp {
        self.account.platform.clock.now()
    }
}

fn unexpected(action: &'static str, what: &str) -> ec2_ops::AwsError {
    ec2_ops::AwsError::new(action, "UnexpectedAnswer", what, Some(400))
}
