//! Checks the parameters of a launch; the errors are EC2's.

use base64_simd::STANDARD as BASE64;

use super::network;
use crate::AwsError;
use crate::ec2::actions::catalog::check_image;
use crate::ec2::actions::tags::check_specifications;
use crate::ec2::api::{
    IamInstanceProfileSpecification, InstanceMarketOptions, InstanceMetadataOptions, Placement,
    RunInstancesRequest, SpotMarketOptions,
};
use crate::ec2::config::Ec2Config;
use crate::ec2::state::ShutdownBehavior;
use crate::ec2::{fault, instance_types};

/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>.
const MAX_USER_DATA: usize = 16 * 1024;

/// Checks everything but the devices.
pub(super) fn check(region: &str, request: &RunInstancesRequest, config: &Ec2Config) -> Result<(), AwsError> {
    check_count("MinCount", request.min_count)?;
    check_count("MaxCount", request.max_count)?;
    check_token(request.client_token.as_deref())?;
    let image = required("ImageId", request.image_id.as_deref())?;
    check_image(&config.images, image)?;
    check_type(request)?;
    network::check(request, &config.missing)?;
    if let Some(profile) = &request.iam_instance_profile {
        check_profile(profile, config)?;
    }
    check_specifications(&request.tag_specifications, &["instance", "volume"])?;
    if let Some(placement) = &request.placement {
        check_placement(region, placement)?;
    }
    if let Some(options) = &request.metadata_options {
        check_metadata(options)?;
    }
    if let Some(options) = &request.instance_market_options {
        check_market(options)?;
    }
    check_user_data(request.user_data.as_deref())?;
    if let Some(behavior) = &request.instance_initiated_shutdown_behavior
        && ShutdownBehavior::parse(behavior).is_none()
    {
        let parameter = "instanceInitiatedShutdownBehavior";
        return Err(fault::invalid_value(parameter, behavior, "Expected 'stop' or 'terminate'."));
    }
    check_hibernation(request)
}

fn required<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str, AwsError> {
    value.ok_or_else(|| fault::missing_parameter(name))
}

fn check_count(name: &str, count: Option<u32>) -> Result<(), AwsError> {
    match count {
        Some(1) => Ok(()),
        None => Err(fault::missing_parameter(name)),
        Some(0) => Err(fault::invalid_value(name, 0, "Expected at least 1.")),
        Some(more) => Err(AwsError::unmodelled(format!("{name} {more}, only 1"))),
    }
}

fn check_token(token: Option<&str>) -> Result<(), AwsError> {
    match token {
        Some(token) if token.is_empty() || token.len() > 64 || !token.is_ascii() => {
            Err(fault::invalid_value("clientToken", token, "Expected 1 to 64 ASCII characters."))
        }
        _ => Ok(()),
    }
}

fn check_type(request: &RunInstancesRequest) -> Result<(), AwsError> {
    let Some(name) = request.instance_type.as_deref() else {
        return Err(AwsError::unmodelled("RunInstances without InstanceType (AWS would launch an m1.small)"));
    };
    if !instance_types::exists(name) {
        return Err(fault::invalid_parameter(format!("Invalid value '{name}' for InstanceType.")));
    }
    match &request.credit_specification {
        Some(credit) if !matches!(credit.cpu_credits.as_str(), "standard" | "unlimited") => Err(
            fault::invalid_value("cpuCredits", &credit.cpu_credits, "Expected 'standard' or 'unlimited'."),
        ),
        Some(_) if !name.starts_with('t') => Err(AwsError::client(
            "InstanceCreditSpecification.NotSupported",
            format!("The instance type '{name}' does not support CPU credits."),
        )),
        _ => Ok(()),
    }
}

fn check_profile(profile: &IamInstanceProfileSpecification, config: &Ec2Config) -> Result<(), AwsError> {
    let invalid = |form: &str, value: &str, what: &str| {
        let parameter = format!("iamInstanceProfile.{form}");
        fault::invalid_value(&parameter, value, &format!("Invalid IAM Instance Profile {what}"))
    };
    let missing = |name: &str| config.missing.instance_profiles.contains(name);
    match (&profile.name, &profile.arn) {
        (Some(name), None) if name.is_empty() || missing(name) => Err(invalid("name", name, "name")),
        (Some(_), None) => Ok(()),
        (None, Some(arn)) => match arn.split_once(":instance-profile/") {
            Some((account, name)) if account.starts_with("arn:aws") && !name.is_empty() && !missing(name) => {
                Ok(())
            }
            _ => Err(invalid("arn", arn, "ARN")),
        },
        (None, None) => Err(fault::missing_parameter("iamInstanceProfile.name")),
        (Some(_), Some(_)) => Err(fault::combination(
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
        )),
    }
}

fn check_placement(region: &str, placement: &Placement) -> Result<(), AwsError> {
    if let Some(zone) = &placement.availability_zone {
        check_zone(region, zone)?;
    }
    match placement.tenancy.as_deref() {
        None | Some("default" | "dedicated") => Ok(()),
        Some("host") => Err(AwsError::unmodelled("Placement.Tenancy 'host'")),
        Some(other) => Err(fault::invalid_value("tenancy", other, "Expected 'default' or 'dedicated'.")),
    }
}

/// Whether `zone` is the region's name and a letter.
pub(in crate::ec2::actions) fn check_zone(region: &str, zone: &str) -> Result<(), AwsError> {
    match zone.strip_prefix(region).map(str::as_bytes) {
        Some([b'a'..=b'z']) => Ok(()),
        _ => Err(fault::invalid_parameter(format!("Invalid availability zone: [{zone}]"))),
    }
}

fn check_metadata(options: &InstanceMetadataOptions) -> Result<(), AwsError> {
    one_of("httpTokens", options.http_tokens.as_deref(), &["optional", "required"])?;
    one_of("httpEndpoint", options.http_endpoint.as_deref(), &["enabled", "disabled"])?;
    one_of("instanceMetadataTags", options.instance_metadata_tags.as_deref(), &["enabled", "disabled"])?;
    match options.http_put_response_hop_limit {
        Some(hops) if !(1..=64).contains(&hops) => {
            Err(fault::invalid_value("httpPutResponseHopLimit", hops, "Expected 1 to 64."))
        }
        _ => Ok(()),
    }
}

fn one_of(parameter: &str, value: Option<&str>, expected: &[&str]) -> Result<(), AwsError> {
    match value {
        Some(value) if !expected.contains(&value) => {
            Err(fault::invalid_value(parameter, value, &format!("Expected one of: {}.", expected.join(", "))))
        }
        _ => Ok(()),
    }
}

fn check_market(options: &InstanceMarketOptions) -> Result<(), AwsError> {
    match options.market_type.as_deref() {
        Some("spot") => options.spot_options.as_ref().map_or(Ok(()), check_spot),
        None => Err(fault::missing_parameter("InstanceMarketOptions.MarketType")),
        Some(other) => {
            Err(AwsError::unmodelled(format!("InstanceMarketOptions.MarketType '{other}', only 'spot'")))
        }
    }
}

fn check_spot(options: &SpotMarketOptions) -> Result<(), AwsError> {
    if let Some(price) = &options.max_price
        && !price.parse::<f64>().is_ok_and(|price| price.is_finite() && price > 0.0)
    {
        return Err(fault::invalid_value("maxPrice", price, "Expected a price in dollars per hour."));
    }
    match options.spot_instance_type.as_deref() {
        None | Some("one-time") => {}
        Some("persistent") => {
            return Err(AwsError::unmodelled("SpotInstanceType 'persistent', only 'one-time'"));
        }
        Some(other) => {
            return Err(fault::invalid_value("spotInstanceType", other, "Expected 'one-time'."));
        }
    }
    match options.instance_interruption_behavior.as_deref() {
        None | Some("terminate") => Ok(()),
        Some(other) => {
            Err(AwsError::unmodelled(format!("InstanceInterruptionBehavior '{other}', only 'terminate'")))
        }
    }
}

fn check_user_data(user_data: Option<&str>) -> Result<(), AwsError> {
    let Some(text) = user_data else { return Ok(()) };
    let bytes = BASE64
        .decode_to_vec(text)
        .map_err(|_| fault::invalid_parameter("Invalid BASE64 encoding of user data."))?;
    if bytes.len() > MAX_USER_DATA {
        return Err(fault::invalid_parameter(format!("User data is limited to {MAX_USER_DATA} bytes")));
    }
    Ok(())
}

fn check_hibernation(request: &RunInstancesRequest) -> Result<(), AwsError> {
    match &request.hibernation_options {
        Some(options) if options.configured == Some(true) => {
            Err(AwsError::unmodelled("HibernationOptions.Configured"))
        }
        _ => Ok(()),
    }
}
