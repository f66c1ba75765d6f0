//! The ports of the core over the sandbox's account, in process. Each call passes a [`Gate`], as a call to AWS passes a
//! network.

mod dynamodb;
mod ec2;
mod gate;
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

pub use gate::{Gate, Part, refused};

/// Entries of a page, as the SDK adapters ask for them.
const PAGE: usize = 1000;

type Answer<T> = Result<T, ec2_ops::AwsError>;

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

    /// The same ports for a caller that may do what `role` allows, or everything without one.
    pub(crate) fn acting_as(self, role: Option<Arc<Role>>) -> Self {
        Self { role, ..self }
    }

    /// A call that reaches AWS counts against the account's quotas and needs the role's permission, before it has its effect.
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

impl<G: Gate> Clock for Ports<G> {
    fn now(&self) -> Timestamp {
        self.account.platform.clock.now()
    }
}

fn unexpected(action: &'static str, what: &str) -> ec2_ops::AwsError {
    ec2_ops::AwsError::new(action, "UnexpectedAnswer", what, Some(400))
}

/// Every entry of a listing. `page` asks for the page behind a token, and answers with that and with the next token.
async fn all_pages<T, F>(mut page: impl FnMut(Option<String>) -> F) -> Answer<Vec<T>>
where
    F: Future<Output = Answer<(Vec<T>, Option<String>)>>,
{
    let mut entries = Vec::new();
    let mut token = None;
    loop {
        let (found, next) = page(token).await?;
        entries.extend(found);
        token = next;
        if token.is_none() {
            return Ok(entries);
        }
    }
}
