//! Service Quotas: how many vCPUs the account may use at once.

use ec2_ops_limits::vcpus::QuotaGroup;
use serde::{Deserialize, Serialize};

use crate::AwsError;
use crate::ec2::Ec2;
use crate::protocol::{JsonVersion, Protocol};
use crate::service::{Action, Description, Rpc, Words, names};

/// Its errors: <https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html>.
pub(crate) const SERVICE: Description = Description {
    name: "Service Quotas",
    signing_name: "servicequotas",
    protocol: Protocol::AwsJson(JsonVersion::V1_1),
    failure: Words(500, "ServiceException"),
    throttling: Words(400, "TooManyRequestsException"),
    denial: Words(400, "AccessDeniedException"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<ServiceQuotas>; 1] =
    [("GetServiceQuota", |quotas, input| input.with(|request| quotas.get(input.region, &request)))];

impl Rpc for ServiceQuotas {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}

/// The quotas of one account.
pub(crate) struct ServiceQuotas(pub(crate) Ec2);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetServiceQuotaRequest {
    service_code: String,
    quota_code: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetServiceQuotaResponse {
    quota: ServiceQuota,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceQuota {
    service_code: String,
    service_name: String,
    quota_arn: String,
    quota_code: String,
    quota_name: String,
    value: f64,
    unit: String,
    adjustable: bool,
    global_quota: bool,
    quota_applied_at_level: String,
}

impl ServiceQuotas {
    /// `GetServiceQuota`.
    fn get(
        &self,
        region: &str,
        request: &GetServiceQuotaRequest,
    ) -> Result<GetServiceQuotaResponse, AwsError> {
        let GetServiceQuotaRequest { service_code, quota_code } = request;
        if service_code != "ec2" {
            return Err(SERVICE.unmodelled(format!("the quotas of {service_code}")));
        }
        let quota = QuotaGroup::with_code(quota_code).zip(self.0.vcpus());
        let ((group, spot), vcpus) =
            quota.ok_or_else(|| SERVICE.unmodelled(format!("the quota {quota_code} of ec2")))?;
        let account = self.0.account_id();
        Ok(GetServiceQuotaResponse {
            quota: ServiceQuota {
                service_code: service_code.clone(),
                service_name: "Amazon Elastic Compute Cloud (Amazon EC2)".to_owned(),
                quota_arn: format!("arn:aws:servicequotas:{region}:{account}:ec2/{quota_code}"),
                quota_code: quota_code.clone(),
                quota_name: group.quota_name(spot),
                value: vcpus.into(),
                unit: "None".to_owned(),
                adjustable: true,
                global_quota: false,
                quota_applied_at_level: "ACCOUNT".to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::ec2::{Ec2Config, NoHypervisor};
    use crate::service::testing::perform;
    use crate::{Clock, Platform};

    #[tokio::test(start_paused = true)]
    async fn a_quota_of_vcpus_is_what_ec2_holds_launches_to() {
        let platform = Platform::new(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), 1);
        let config = Ec2Config { vcpus: Some(96), ..Ec2Config::default() };
        let quotas = ServiceQuotas(Ec2::new(Arc::new(platform), Arc::new(NoHypervisor), config));
        let get = |code: &str| {
            let request = json!({ "ServiceCode": "ec2", "QuotaCode": code });
            perform(&quotas, "us-east-1", "GetServiceQuota", &request)
        };
        let quota = &get("L-34B43A08").unwrap()["Quota"];
        assert_eq!(quota["Value"], 96.0);
        assert_eq!(quota["QuotaName"], "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests");
        assert_eq!(get("L-0263D0A3").unwrap_err().code, "NotImplemented");
        assert_eq!(get("").unwrap_err().code, "ValidationException");
    }
}
