//! The services of an account.

use std::sync::Arc;

use super::{Description, Service, Words};
use crate::incidents::Incidents;
use crate::s3::S3Http;
use crate::service_quotas::ServiceQuotas;
use crate::{
    Account, AwsError, dynamodb, ec2, incidents, lambda, logs, s3, service_quotas, ssm, stepfunctions, sts,
};

/// A service: what is known of it, and the way to the one of an account.
type Registered = (&'static Description, fn(&Account) -> Arc<dyn Service>);

/// Every service.
pub(crate) const SERVICES: [Registered; 10] = [
    (&dynamodb::SERVICE, |account| Arc::clone(&account.dynamodb) as _),
    (&ec2::SERVICE, |account| Arc::new(account.ec2.clone())),
    (&incidents::SERVICE, |account| Arc::new(Incidents(account.ec2.clone()))),
    (&lambda::SERVICE, |account| Arc::new(account.lambda.clone())),
    (&logs::SERVICE, |account| Arc::new(account.logs.clone())),
    (&s3::SERVICE, |account| Arc::new(S3Http::new(account.s3.clone()))),
    (&service_quotas::SERVICE, |account| Arc::new(ServiceQuotas(account.ec2.clone()))),
    (&ssm::SERVICE, |account| Arc::new(account.ssm.clone())),
    (&stepfunctions::SERVICE, |account| Arc::new(account.stepfunctions.clone())),
    (&sts::SERVICE, |account| Arc::new(account.sts.clone())),
];

/// The service that has `action`.
pub(crate) fn described_by_action(action: &str) -> Option<&'static Description> {
    descriptions().find(|service| service.actions.contains(&action))
}

/// The service that credential scopes and IAM call `signing_name`.
pub(crate) fn described_by_name(signing_name: &str) -> Option<&'static Description> {
    descriptions().find(|service| service.signing_name == signing_name)
}

impl Account {
    /// Counts a call of `action` against the quotas, or refuses it as its service does.
    ///
    /// # Errors
    /// If the caller is too fast.
    pub fn admit(&self, region: &str, action: &str) -> Result<(), AwsError> {
        if self.platform.quotas.admit(region, action) {
            return Ok(());
        }
        let service = described_by_action(action);
        Err(service
            .map_or(Words(429, "TooManyRequestsException"), |service| service.throttling)
            .error("Rate exceeded"))
    }
}

fn descriptions() -> impl Iterator<Item = &'static Description> {
    SERVICES.iter().map(|(description, _)| *description)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The actions in the row of `service` on the page about the sandbox.
    fn documented(service: &str) -> BTreeSet<&'static str> {
        let page = include_str!("../../../../docs/sandbox.md");
        let row = page.lines().find(|line| line.starts_with(&format!("| {service} |"))).unwrap_or_default();
        row.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_page_names_every_action_and_no_other() {
        for service in descriptions() {
            assert_eq!(
                documented(service.name),
                service.actions.iter().copied().collect(),
                "{}",
                service.name
            );
        }
    }

    #[test]
    fn a_name_means_one_service() {
        let names: BTreeSet<_> = descriptions().map(|service| service.signing_name).collect();
        assert_eq!(names.len(), SERVICES.len());
        assert_eq!(described_by_action("SendCommand").map(|service| service.name), Some("SSM"));
        assert_eq!(described_by_name("states").map(|service| service.name), Some("Step Functions"));
    }
}
