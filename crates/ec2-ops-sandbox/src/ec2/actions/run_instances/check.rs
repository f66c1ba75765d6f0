//! Checks the parameters of a launch; the errors are EC2's.

use super::network;
use crate::AwsError;
use crate::ec2::actions::catalog::check_image;
use crate::ec2::actions::limits;
use crate::ec2::actions::tags::check_specifications;
use crate::ec2::api::{
    IamInstanceProfileSpecification, InstanceMarketOptions, Placement, RunInstancesRequest,
};
use crate::ec2::config::Ec2Config;
use crate::ec2::{fault, instance_types};
use crate::ssm::ParameterStore;

/// Checks what a launch says, then what it names, then whether that is modelled. Returns the id of the image.
pub(super) fn check(
    region: &str,
    request: &RunInstancesRequest,
    config: &Ec2Config,
    parameters: &ParameterStore,
) -> Result<String, AwsError> {
    check_count("MinCount", request.min_count)?;
    check_count("MaxCount", request.max_count)?;
    let image = required("ImageId", request.image_id.as_deref())?;
    limits::check(request)?;
    let image = resolved(region, image, parameters)?;
    check_image(&config.images, &image)?;
    check_type(request)?;
    network::check(request, &config.missing)?;
    if let Some(profile) = &request.iam_instance_profile {
        check_profile(profile, config)?;
    }
    check_specifications(&request.tag_specifications, &["instance", "volume"])?;
    if let Some(placement) = &request.placement {
        check_placement(region, placement)?;
    }
    if let Some(options) = &request.instance_market_options {
        check_market(options)?;
    }
    check_hibernation(request)?;
    Ok(image)
}

/// The id of the image, which a parameter may hold.
fn resolved(region: &str, image: &str, parameters: &ParameterStore) -> Result<String, AwsError> {
    let Some(selector) = image.strip_prefix("resolve:ssm:") else { return Ok(image.to_owned()) };
    parameters.value(region, selector).map_err(|error| fault::invalid_parameter(error.message))
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

fn check_type(request: &RunInstancesRequest) -> Result<(), AwsError> {
    let Some(name) = request.instance_type.as_deref() else {
        return Err(AwsError::unmodelled("RunInstances without InstanceType (AWS would launch an m1.small)"));
    };
    if !instance_types::exists(name) {
        return Err(fault::invalid_parameter(format!("Invalid value '{name}' for InstanceType.")));
    }
    Ok(())
}

fn check_profile(profile: &IamInstanceProfileSpecification, config: &Ec2Config) -> Result<(), AwsError> {
    let invalid = |form: &str, value: &str, what: &str| {
        let parameter = format!("iamInstanceProfile.{form}");
        fault::invalid_value(&parameter, value, &format!("Invalid IAM Instance Profile {what}"))
    };
    let missing = |name: &str| config.missing.instance_profiles.contains(name);
    match (&profile.name, &profile.arn) {
        (Some(name), None) if name.is_empty() || missing(name) => Err(invalid("name", name, "name")),
        (None, Some(arn)) => match arn.split_once(":instance-profile/") {
            Some((account, name)) if account.starts_with("arn:aws") && !name.is_empty() && !missing(name) => {
                Ok(())
            }
            _ => Err(invalid("arn", arn, "ARN")),
        },
        // The limits have refused both and none.
        _ => Ok(()),
    }
}

fn check_placement(region: &str, placement: &Placement) -> Result<(), AwsError> {
    if let Some(zone) = &placement.availability_zone {
        check_zone(region, zone)?;
    }
    match placement.tenancy.as_deref() {
        Some("host") => Err(AwsError::unmodelled("Placement.Tenancy 'host'")),
        _ => Ok(()),
    }
}

/// Whether `zone` is one of the region's six.
pub(in crate::ec2::actions) fn check_zone(region: &str, zone: &str) -> Result<(), AwsError> {
    match zone.strip_prefix(region).map(str::as_bytes) {
        Some([b'a'..=b'f']) => Ok(()),
        _ => Err(fault::invalid_parameter(format!("Invalid availability zone: [{zone}]"))),
    }
}

fn check_market(options: &InstanceMarketOptions) -> Result<(), AwsError> {
    let spot = options.spot_options.as_ref();
    let modelled = [
        ("MarketType", options.market_type.as_ref(), "spot"),
        ("SpotInstanceType", spot.and_then(|spot| spot.spot_instance_type.as_ref()), "one-time"),
        (
            "InstanceInterruptionBehavior",
            spot.and_then(|spot| spot.instance_interruption_behavior.as_ref()),
            "terminate",
        ),
    ];
    for (name, value, only) in modelled {
        if let Some(value) = value.filter(|value| *value != only) {
            return Err(AwsError::unmodelled(format!("{name} '{value}', only '{only}'")));
        }
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
