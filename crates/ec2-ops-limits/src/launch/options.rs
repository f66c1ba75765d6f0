//! The metadata service, the market, placement, processors, user data.

use super::{API, COMBINATION, MISSING, VALUE, is_missing, rule};
use crate::rule::{Rule, is_given};

const METADATA: &str =
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsRequest.html";
const SPOT: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SpotMarketOptions.html";
const PLACEMENT: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Placement.html";
const USER_DATA: &str = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html";
const CREDITS: &str =
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreditSpecificationRequest.html";
const CPU: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CpuOptionsRequest.html";
const CPU_RULES: &str = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-cpu-options-rules.html";
const SPOT_PLACEMENT: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SpotPlacement.html";

pub(super) const RULES: &[Rule] = &[
    // The metadata service.
    rule(
        ("MetadataOptions.HttpTokens", "optional or required"),
        (VALUE, "Value ({}) for parameter httpTokens is invalid. Expected one of: optional, required."),
        METADATA,
        |here| here.is_none_of(&["optional", "required"]),
    ),
    rule(
        ("MetadataOptions.HttpEndpoint", "enabled or disabled"),
        (VALUE, "Value ({}) for parameter httpEndpoint is invalid. Expected one of: enabled, disabled."),
        METADATA,
        |here| here.is_none_of(&["enabled", "disabled"]),
    ),
    rule(
        ("MetadataOptions.HttpEndpoint", "enabled beside HttpTokens or HttpPutResponseHopLimit"),
        (
            COMBINATION,
            "HttpTokens and HttpPutResponseHopLimit may not be specified if HttpEndpoint is disabled.",
        ),
        METADATA,
        |here| {
            here.text() == Some("disabled")
                && (here.is_beside("HttpTokens") || here.is_beside("HttpPutResponseHopLimit"))
        },
    ),
    rule(
        ("MetadataOptions.InstanceMetadataTags", "enabled or disabled"),
        (
            VALUE,
            "Value ({}) for parameter instanceMetadataTags is invalid. Expected one of: enabled, disabled.",
        ),
        METADATA,
        |here| here.is_none_of(&["enabled", "disabled"]),
    ),
    rule(
        ("MetadataOptions.HttpPutResponseHopLimit", "1 to 64"),
        (VALUE, "Value ({}) for parameter httpPutResponseHopLimit is invalid. Expected 1 to 64."),
        METADATA,
        |here| here.is_outside(&(1..=64)),
    ),
    // The market.
    rule(
        ("InstanceMarketOptions.MarketType", "spot"),
        (MISSING, "The request must contain the parameter InstanceMarketOptions.MarketType"),
        API,
        is_missing,
    ),
    rule(
        ("InstanceMarketOptions.SpotOptions.MaxPrice", "dollars per hour, more than 0.001"),
        (
            VALUE,
            "Value ({}) for parameter maxPrice is invalid. Expected a price in dollars per hour, more than 0.001.",
        ),
        SPOT,
        |here| here.text().is_some_and(|price| !is_price(price)),
    ),
    rule(
        (
            "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior",
            "terminate, unless SpotInstanceType is persistent",
        ),
        (
            COMBINATION,
            "The interruption behavior '{}' is only supported for persistent Spot Instance requests.",
        ),
        SPOT,
        |here| {
            matches!(here.text(), Some("stop" | "hibernate"))
                && here.fields["SpotInstanceType"].as_str() != Some("persistent")
        },
    ),
    rule(
        (
            "InstanceMarketOptions.SpotOptions.SpotInstanceType",
            "one-time, unless InstanceInterruptionBehavior is stop or hibernate",
        ),
        (
            COMBINATION,
            "Persistent Spot Instance requests require an interruption behavior of stop or hibernate.",
        ),
        SPOT,
        |here| {
            let behavior = here.fields["InstanceInterruptionBehavior"].as_str();
            here.text() == Some("persistent") && !matches!(behavior, Some("stop" | "hibernate"))
        },
    ),
    rule(
        ("InstanceInitiatedShutdownBehavior", "stop or terminate"),
        (
            VALUE,
            "Value ({}) for parameter instanceInitiatedShutdownBehavior is invalid. Expected 'stop' or 'terminate'.",
        ),
        API,
        |here| here.is_none_of(&["stop", "terminate"]),
    ),
    // Placement and processors.
    rule(
        ("Placement.Tenancy", "default, dedicated or host"),
        (VALUE, "Value ({}) for parameter tenancy is invalid. Expected 'default', 'dedicated' or 'host'."),
        PLACEMENT,
        |here| here.is_none_of(&["default", "dedicated", "host"]),
    ),
    rule(
        (
            "Placement.Tenancy",
            "default or dedicated beside InstanceMarketOptions: a Spot instance takes no host",
        ),
        (COMBINATION, "Spot Instances do not support the tenancy '{}'."),
        SPOT_PLACEMENT,
        |here| here.text() == Some("host") && is_given(&here.request["InstanceMarketOptions"]),
    ),
    rule(
        ("CpuOptions", "CoreCount and ThreadsPerCore, both"),
        (COMBINATION, "CoreCount and ThreadsPerCore must be specified together."),
        CPU_RULES,
        |here| {
            let [cores, threads] = ["CoreCount", "ThreadsPerCore"].map(|name| here.value[name].is_number());
            cores != threads
        },
    ),
    rule(
        ("CpuOptions.ThreadsPerCore", "1 or 2"),
        (VALUE, "Value ({}) for parameter threadsPerCore is invalid. Expected 1 or 2."),
        CPU,
        |here| here.is_outside(&(1..=2)),
    ),
    rule(
        ("CreditSpecification.CpuCredits", "standard or unlimited"),
        (VALUE, "Value ({}) for parameter cpuCredits is invalid. Expected 'standard' or 'unlimited'."),
        CREDITS,
        |here| here.is_missing() || here.is_none_of(&["standard", "unlimited"]),
    ),
    rule(
        ("CreditSpecification", "it only with a burstable InstanceType: t2, t3, t3a, t4g"),
        ("InstanceCreditSpecification.NotSupported", "The instance type does not support CPU credits."),
        CREDITS,
        |here| {
            let burstable = here.request["InstanceType"].as_str().is_none_or(|name| name.starts_with('t'));
            !here.is_missing() && !burstable
        },
    ),
    // User data.
    rule(
        ("UserData", "Base64, as RunInstances takes it (base64 -w0 user-data.sh)"),
        (VALUE, "Invalid BASE64 encoding of user data."),
        USER_DATA,
        |here| here.text().is_some_and(|text| decoded_length(text).is_none()),
    ),
    rule(
        ("UserData", "at most 16384 bytes before the encoding"),
        (VALUE, "User data is limited to 16384 bytes"),
        USER_DATA,
        |here| here.text().and_then(decoded_length).is_some_and(|bytes| bytes > 16_384),
    ),
];

fn is_price(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain && text.parse::<f64>().is_ok_and(|price| price > 0.001)
}

/// How many bytes `text` encodes, if it is Base64.
fn decoded_length(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_digit = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    let right = text.len().is_multiple_of(4) && padding <= 2 && digits.chars().all(is_digit);
    right.then(|| text.len() / 4 * 3 - padding)
}
