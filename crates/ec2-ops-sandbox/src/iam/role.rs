//! The deployment's roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::call::{Lookup, On};
use super::policy::{Policy, Request};
use crate::ec2::Ec2;
use crate::platform::lock;
use crate::{AwsError, Platform};

/// What `terraform apply` gives the roles; a test of the end-to-end package holds the page to `terraform/policies*.tf`.
const PAGE: &str = include_str!("../../../../docs/policies.md");
/// The account on that page.
const ACCOUNT: &str = "111122223333";

/// A role, and what has been asked of it.
pub(crate) struct Role {
    pub(super) policy: Policy,
    asked: Mutex<Asked>,
}

/// What has been asked of a role.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Every action that a call needed.
    pub(crate) actions: BTreeSet<String>,
    /// What was refused, but for calls on what does not exist.
    pub(crate) refused: BTreeSet<String>,
}

impl Role {
    /// The deployment's roles by name, in the account `account_id`.
    pub(crate) fn all(account_id: &str) -> Result<BTreeMap<&'static str, Arc<Self>>, AwsError> {
        let sections = PAGE.split("\n## ").skip(1).filter_map(|section| {
            let (name, text) = section.split_once('\n')?;
            let policy = text.split_once("```json\n")?.1.split_once("```")?.0;
            Some((name, policy.replace(ACCOUNT, account_id)))
        });
        let role = |(name, text): (&'static str, String)| match Policy::parse(&text) {
            Ok(policy) => Ok((name, Arc::new(Self { policy, asked: Mutex::default() }))),
            Err(error) => Err(AwsError::client("MalformedPolicyDocument", format!("{name}: {error}"))),
        };
        sections.map(role).collect()
    }

    /// Whether the role allows a call of `action` in `region`; if not, the error that the service answers with.
    pub(crate) fn permit(
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
                // No policy could have allowed a call on what is gone by now.
                if on.exists(ec2) {
                    asked.refused.insert(request.to_string());
                }
                return Err(refusal(&request));
            }
        }
        Ok(())
    }

    /// What has been asked so far.
    pub(crate) fn asked(&self) -> Asked {
        lock(&self.asked).clone()
    }

    /// The same role without the right to do `action`.
    #[cfg(test)]
    pub(crate) fn without(&self, action: &str) -> Self {
        Self { policy: self.policy.clone().without(action), asked: Mutex::default() }
    }
}

/// Each service has its own word. See the lists of common errors, for example
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
fn refusal(request: &Request) -> AwsError {
    let (code, status) = match request.action.split(':').next() {
        // What IAM is asked in a launch is asked by EC2.
        Some("ec2" | "iam") => ("UnauthorizedOperation", 403),
        Some("s3") => ("AccessDenied", 403),
        _ => ("AccessDeniedException", 400),
    };
    AwsError { code: code.to_owned(), message: format!("no policy of the role allows {request}"), status }
}
