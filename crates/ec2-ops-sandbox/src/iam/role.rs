//! The deployment's roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

use super::call::On;
use super::lookup::Lookup;
use super::policy::{Policy, Request};
use crate::ec2::{self, Ec2};
use crate::lock::lock;
use crate::platform::ACCOUNT_ID;
use crate::service::described_by_name;
use crate::{AwsError, Platform};

/// What `terraform apply` gives the roles; a test of the end-to-end package holds the page to `terraform/policies*.tf`.
const PAGE: &str = include_str!("../../../../docs/policies.md");
/// The account on that page.
const EXAMPLE_ACCOUNT: &str = "111122223333";

/// The policies by role. Every account has the same, so they are read once.
static POLICIES: LazyLock<Result<BTreeMap<&'static str, Arc<Policy>>, String>> = LazyLock::new(|| {
    let sections = PAGE.split("\n## ").skip(1).filter_map(|section| {
        let (name, text) = section.split_once('\n')?;
        let policy = text.split_once("```json\n")?.1.split_once("```")?.0;
        Some((name, policy.replace(EXAMPLE_ACCOUNT, ACCOUNT_ID)))
    });
    let policy = |(name, text): (&'static str, String)| {
        Policy::parse(&text)
            .map(|policy| (name, Arc::new(policy)))
            .map_err(|error| format!("{name}: {error}"))
    };
    sections.map(policy).collect()
});

/// A role, and a record of its use.
pub struct Role {
    pub(super) policy: Arc<Policy>,
    asked: Mutex<Asked>,
}

/// The actions that the calls of a role needed.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Every action that a call needed.
    pub actions: BTreeSet<String>,
    /// The questions that were refused, without those about resources that do not exist.
    pub refused: BTreeSet<String>,
}

impl Role {
    /// The deployment's roles by name.
    pub fn all() -> Result<BTreeMap<&'static str, Arc<Self>>, AwsError> {
        let policies =
            POLICIES.as_ref().map_err(|error| AwsError::client("MalformedPolicyDocument", error.clone()))?;
        let role = |policy: &Arc<Policy>| Self { policy: Arc::clone(policy), asked: Mutex::default() };
        Ok(policies.iter().map(|(name, policy)| (*name, Arc::new(role(policy)))).collect())
    }

    /// Whether the role allows a call of `action` in `region`; if not, the error that the service answers with.
    pub fn permit(
        &self,
        region: &str,
        action: &str,
        on: On<'_>,
        platform: &Platform,
        ec2: &Ec2,
    ) -> Result<(), AwsError> {
        let requests = on.requests(action, &Lookup { account_id: &platform.account_id, region, ec2 });
        let mut asked = lock(&self.asked);
        for request in requests {
            asked.actions.insert(request.action.clone());
            if !self.policy.allows(&request) {
                // A call on a resource that no longer exists is no gap in the policy.
                if on.exists(ec2) {
                    asked.refused.insert(request.to_string());
                }
                return Err(refusal(&request));
            }
        }
        Ok(())
    }

    /// The record so far.
    pub fn asked(&self) -> Asked {
        lock(&self.asked).clone()
    }

    /// The same role without the right to do `action`.
    #[cfg(test)]
    pub(crate) fn without(&self, action: &str) -> Self {
        let policy = Policy::clone(&self.policy).without(action);
        Self { policy: Arc::new(policy), asked: Mutex::default() }
    }
}

/// The refusal, as the service of the action words it. What IAM is asked in a launch is asked by EC2.
fn refusal(request: &Request) -> AwsError {
    let prefix = request.action.split(':').next().unwrap_or_default();
    let service = described_by_name(prefix).unwrap_or(&ec2::SERVICE);
    service.denial.error(format!("no policy of the role allows {request}"))
}
