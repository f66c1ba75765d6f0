//! Warnings about what is left of the instance after its commands, if the document does not say what it wants.

use serde_json::Value;

use super::{ExecutionDocument, MarketType};

/// Warnings about `written`, which is the `document` as its author wrote it.
pub(super) fn warnings(written: &Value, document: &ExecutionDocument) -> Vec<String> {
    let option = |name: &str| written.pointer(&format!("/run_options/{name}"));
    let (terminate, delete) = ("ii_terminate_instance", "ii_delete_volume");
    let mut warnings = Vec::new();
    if [terminate, delete, "ii_detach_volume"].into_iter().all(|name| option(name).is_none()) {
        // <https://aws.amazon.com/ebs/pricing/>: General Purpose SSD (gp3).
        warnings.push(format!(
            "$.run_options: names neither {terminate} nor {delete}, so the last instance is stopped and its volumes stay; EBS \
             charges about 0.08 USD a month for each GiB (gp3, us-east-1)"
        ));
    }
    if option(terminate) == Some(&Value::Bool(false)) && may_be_spot(document) {
        warnings.push(format!(
            "$.run_options.{terminate}: found false, but a Spot instance cannot be stopped: it is terminated, and a volume goes with \
             it unless DeleteOnTermination is false; only an instance on demand is stopped"
        ));
    }
    warnings
}

fn may_be_spot(document: &ExecutionDocument) -> bool {
    let market = document.instance_parameters.instance_market_options.as_ref();
    let asked_for = market.is_some_and(|market| market.market_type == Some(MarketType::Spot));
    asked_for || (document.run_options.ii_cheapo && document.run_options.n_retries_allowed > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::document::tests::{accepted, with};

    #[test]
    fn a_document_that_does_not_say_what_stays_gets_a_warning_with_the_price() {
        for (options, warned) in [
            (json!({}), true),
            (json!({ "timeout_s": 60 }), true),
            (json!({ "ii_terminate_instance": false }), false),
            (json!({ "ii_terminate_instance": true }), false),
            (json!({ "ii_delete_volume": true }), false),
        ] {
            let warnings = accepted(&with("run_options", options.clone())).warnings;
            let with_price = warnings.iter().any(|warning| warning.contains("0.08 USD"));
            assert_eq!(with_price, warned, "{options}: {warnings:?}");
        }
    }

    #[test]
    fn a_spot_instance_that_should_be_stopped_gets_a_warning() {
        for (options, warned) in [
            (json!({ "ii_terminate_instance": false, "ii_cheapo": true, "n_retries_allowed": 1 }), true),
            (json!({ "ii_terminate_instance": true, "ii_cheapo": true, "n_retries_allowed": 1 }), false),
            (json!({ "ii_terminate_instance": false, "n_retries_allowed": 1 }), false),
        ] {
            let warnings = accepted(&with("run_options", options.clone())).warnings;
            let about_spot =
                warnings.iter().any(|warning| warning.contains("a Spot instance cannot be stopped"));
            assert_eq!(about_spot, warned, "{options}: {warnings:?}");
        }
        let mut spot = with("run_options", json!({ "ii_terminate_instance": false }));
        spot["instance_parameters"]["InstanceMarketOptions"] = json!({ "MarketType": "spot" });
        assert_eq!(accepted(&spot).warnings.len(), 1);
    }
}
