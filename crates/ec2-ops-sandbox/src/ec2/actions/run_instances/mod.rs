//! `RunInstances`: one instance per call. A repeated call finds the same instance.

mod check;
mod devices;
mod launch;
mod network;

pub(super) use check::check_zone;
pub(super) use devices::Disk;
pub(super) use network::check_subnet;

use super::describe::reservation;
use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{InstanceStateName, Reservation, RunInstancesRequest};
use crate::ec2::config::Shortage;
use crate::ec2::state::{State, TokenKey};
use crate::ec2::{Ec2, fault};

impl Ec2 {
    /// `RunInstances`, of one instance.
    ///
    /// A request that repeats a client token finds the first one's instance, in its present state, if every parameter
    /// is the same; else `IdempotentParameterMismatch`, even if EC2 had no capacity for the first one: AWS does not say whether
    /// a refused launch has used its token, so no caller may rely on the contrary. Once the instance is terminated the answer is
    /// `IdempotentInstanceTerminated`, until the token is free again 24 hours later. A token counts in its region, or
    /// where the launch names a zone, only in that zone. See
    /// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html>.
    pub fn run_instances(
        &self,
        region: &str,
        request: &RunInstancesRequest,
    ) -> Result<Reservation, AwsError> {
        let config = &self.shared.config;
        let image = check::check(region, request, config, &self.shared.platform.parameters)?;
        let devices = devices::devices(&request.block_device_mappings)?;
        self.act(|state| state.fit(&image, instance_type(request)));
        refuse_dry_run(request.dry_run)?;
        let token = token_key(region, request);
        if let Some(repeated) = self.act(|state| repeated(state, token.as_ref(), request))? {
            return Ok(repeated);
        }
        if let Some(shortage) = config.capacity.as_ref().and_then(|ask| ask(region, request)) {
            self.act(|state| state.refuse(token, request));
            return Err(shortage_error(shortage, region, request));
        }
        self.act(|state| {
            if let Some(repeated) = repeated(state, token.as_ref(), request)? {
                return Ok(repeated);
            }
            if let Err(full) = state.check_vcpus(region, instance_type(request), is_spot(request)) {
                state.refuse(token, request);
                return Err(full);
            }
            Ok(state.launch(region, request, &image, &devices, token))
        })
    }
}

fn instance_type(request: &RunInstancesRequest) -> &str {
    request.instance_type.as_deref().unwrap_or_default()
}

fn is_spot(request: &RunInstancesRequest) -> bool {
    request.instance_market_options.is_some()
}

/// The scope of the request's client token: the zone, if the request names a zone or a subnet, else the region. The
/// zone of a subnet is not modelled; the subnet's id stands for it.
fn token_key(region: &str, request: &RunInstancesRequest) -> Option<TokenKey> {
    let placement = request.placement.as_ref();
    let zone = placement
        .and_then(|placement| placement.availability_zone.as_ref())
        .or(request.subnet_id.as_ref())
        .or_else(|| request.network_interfaces.first()?.subnet_id.as_ref());
    Some(TokenKey { region: region.to_owned(), zone: zone.cloned(), token: request.client_token.clone()? })
}

/// The earlier launch with this token, if there was one.
fn repeated(
    state: &State,
    token: Option<&TokenKey>,
    request: &RunInstancesRequest,
) -> Result<Option<Reservation>, AwsError> {
    let Some(earlier) = token.and_then(|key| state.tokens.get(key)) else {
        return Ok(None);
    };
    if earlier.request != *request {
        return Err(fault::token_mismatch());
    }
    let Some(id) = &earlier.instance_id else {
        return Ok(None);
    };
    match state.instances.get(id) {
        Some(record) if record.state() != InstanceStateName::Terminated => {
            Ok(Some(reservation(record, &state.platform.account_id)))
        }
        _ => Err(AwsError::client(
            "IdempotentInstanceTerminated",
            "The client token you have provided is associated with a terminated instance. \
             Please use a different client token.",
        )),
    }
}

fn shortage_error(shortage: Shortage, region: &str, request: &RunInstancesRequest) -> AwsError {
    let instance_type = instance_type(request);
    let named = || request.placement.as_ref()?.availability_zone.clone();
    let zone = || named().unwrap_or_else(|| format!("{region}a"));
    match shortage {
        Shortage::InsufficientInstanceCapacity => AwsError::server(
            "InsufficientInstanceCapacity",
            format!(
                "We currently do not have sufficient {instance_type} capacity in the Availability Zone you \
                     requested ({}). Our system will be working on provisioning additional capacity.",
                zone()
            ),
        ),
        Shortage::SpotMaxPriceTooLow => AwsError::client(
            "SpotMaxPriceTooLow",
            "Your Spot request price is lower than the minimum required Spot request fulfillment price.",
        ),
        Shortage::MaxSpotInstanceCountExceeded => fault::spot_limit(),
        Shortage::UnsupportedInZone => AwsError::client(
            "Unsupported",
            format!(
                "Your requested instance type ({instance_type}) is not supported in your requested Availability Zone \
                 ({}). Please retry your request by not specifying an Availability Zone or choosing another one.",
                zone()
            ),
        ),
        Shortage::InsufficientFreeAddressesInSubnet => AwsError::client(
            "InsufficientFreeAddressesInSubnet",
            format!(
                "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances.",
                request.subnet_id.as_deref().unwrap_or_default()
            ),
        ),
        // What an account has for the families that it has never asked for.
        Shortage::VcpuLimitExceeded => fault::vcpu_limit(0),
        Shortage::UnknownInstanceProfile => {
            let profile = request.iam_instance_profile.clone().unwrap_or_default();
            let (field, value) = match profile.arn {
                Some(arn) => ("arn", arn),
                None => ("name", profile.name.unwrap_or_default()),
            };
            let what = if field == "arn" { "ARN" } else { field };
            AwsError::client(
                "InvalidParameterValue",
                format!(
                    "Value ({value}) for parameter iamInstanceProfile.{field} is invalid. \
                     Invalid IAM Instance Profile {what}"
                ),
            )
        }
        Shortage::ImageUnavailable => {
            let image = request.image_id.as_deref().unwrap_or_default();
            AwsError::client("InvalidAMIID.Unavailable", format!("The image ID '{image}' is not available"))
        }
    }
}
