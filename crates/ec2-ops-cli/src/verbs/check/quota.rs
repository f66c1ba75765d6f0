//! The lines of `check` about the account's quotas of vCPUs.

use std::collections::BTreeSet;

use ec2_ops_client::{Client, Error, VcpuQuota};
use serde_json::{Value, json};

/// A line for each quota that the launches count towards, as the caller may see it: the deployment itself has no right to ask
/// Service Quotas.
pub(super) async fn findings(client: &Client, answer: &Value) -> Vec<Value> {
    let launches = answer["launches"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|launch| Some((launch["type"].as_str()?.to_owned(), launch["market"] == "spot")));
    let launches: BTreeSet<_> = launches.collect();
    if launches.is_empty() {
        return Vec::new();
    }
    let region = answer["region"].as_str().unwrap_or_else(|| client.region());
    match client.vcpu_quotas(region, &launches).await {
        Ok(quotas) => quotas.iter().map(|quota| finding(quota, region)).collect(),
        Err(error) => vec![unknown(&error)],
    }
}

fn finding(quota: &VcpuQuota, region: &str) -> Value {
    let VcpuQuota { name, code, limit, used, needed, instance_type } = quota;
    let about = format!("quota {name}");
    if f64::from(*needed) > *limit {
        let todo = format!(
            "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {code} \
             --desired-value {needed} --region {region}"
        );
        let says = format!("{limit} vCPUs; {instance_type} takes {needed}, and can never be launched");
        let mut wrong = super::finding(&about, false, &says);
        wrong["todo"] = todo.into();
        return wrong;
    }
    let has_room = f64::from(used + needed) <= *limit;
    let waits = if has_room { "" } else { ", so it waits until others have ended" };
    let says = format!("{used} of {limit} vCPUs in use; {instance_type} takes {needed}{waits}");
    super::finding(&about, true, &says)
}

fn unknown(error: &Error) -> Value {
    json!({ "about": "quotas of vCPUs", "verdict": "unknown", "says": error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(limit: f64, used: i32) -> String {
        let quota = VcpuQuota {
            name: "Running On-Demand P instances".to_owned(),
            code: "L-417A185B",
            limit,
            used,
            needed: 8,
            instance_type: "p3.2xlarge".to_owned(),
        };
        let finding = finding(&quota, "eu-west-1");
        let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        ["verdict", "says", "todo"].map(text).join(" | ")
    }

    #[test]
    fn a_launch_fits_or_waits_or_never_fits() {
        assert_eq!(said(16.0, 8), "ok | 8 of 16 vCPUs in use; p3.2xlarge takes 8 | ");
        assert_eq!(
            said(16.0, 12),
            "ok | 12 of 16 vCPUs in use; p3.2xlarge takes 8, so it waits until others have ended | "
        );
        assert_eq!(
            said(0.0, 0),
            "wrong | 0 vCPUs; p3.2xlarge takes 8, and can never be launched | aws service-quotas \
             request-service-quota-increase --service-code ec2 --quota-code L-417A185B --desired-value 8 --region eu-west-1"
        );
    }
}
