//! `DescribeImages` and `DescribeInstanceTypes`: what can be launched.

use ec2_ops_limits::instance_type::MAX_DESCRIBED;
use ec2_ops_limits::is_id;

use super::filter::{check_values, matches};
use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{
    DescribeImagesRequest, DescribeImagesResponse, DescribeInstanceTypeOfferingsRequest,
    DescribeInstanceTypeOfferingsResponse, DescribeInstanceTypesRequest, DescribeInstanceTypesResponse,
    Filter, Image, InstanceTypeInfo, InstanceTypeOffering, VCpuInfo,
};
use crate::ec2::config::Images;
use crate::ec2::{Ec2, SERVICE, fault, ids, instance_types};
use crate::ssm::PUBLIC_IMAGE;

/// Amazon's account for its Linux images, and the name of the one that stands for all of them.
const AMAZON: &str = "137112412989";
const PUBLIC_IMAGE_NAME: &str = "al2023-ami-ec2-ops-sandbox";

/// Every image is this machine.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// The size of the image's root volume, in GiB.
pub(super) const ROOT_SIZE: u32 = 8;

/// The device that every modelled image boots from.
pub(super) const ROOT_DEVICE: &str = "/dev/xvda";

impl Ec2 {
    /// `DescribeImages`, by ids, owners and filters. Without ids it finds the image that AWS's parameters hold, which stands
    /// for all others.
    pub fn describe_images(
        &self,
        _region: &str,
        request: &DescribeImagesRequest,
    ) -> Result<DescribeImagesResponse, AwsError> {
        for id in &request.image_ids {
            check_image(&self.shared.config.images, id)?;
        }
        check_values(&request.filters)?;
        for filter in &request.filters {
            check_image_filter(filter)?;
        }
        refuse_dry_run(request.dry_run)?;
        let account = &self.shared.platform.account_id;
        let ids = match request.image_ids.as_slice() {
            [] => vec![PUBLIC_IMAGE],
            ids => ids::distinct(ids),
        };
        let described = |id| image(id, account, self.act(|state| state.architecture_of(id)));
        let images = ids.into_iter().map(described).filter(|image| {
            let owned = request.owners.iter().any(|owner| match owner.as_str() {
                "self" => image.owner_id == *account,
                "amazon" => image.image_owner_alias.as_deref() == Some("amazon"),
                owner => image.owner_id == owner,
            });
            (request.owners.is_empty() || owned)
                && request.filters.iter().all(|filter| {
                    let value = image_attribute(image, &filter.name).unwrap_or_default();
                    filter.values.iter().any(|pattern| matches(pattern, &value))
                })
        });
        Ok(DescribeImagesResponse { images: images.collect() })
    }

    /// `DescribeInstanceTypes`, by name.
    pub fn describe_instance_types(
        &self,
        _region: &str,
        request: &DescribeInstanceTypesRequest,
    ) -> Result<DescribeInstanceTypesResponse, AwsError> {
        if request.instance_types.len() > MAX_DESCRIBED {
            return Err(fault::invalid_parameter(format!(
                "DescribeInstanceTypes takes at most {MAX_DESCRIBED} instance types, found {}",
                request.instance_types.len()
            )));
        }
        let names = ids::distinct(&request.instance_types);
        if names.is_empty() {
            return Err(AwsError::unmodelled("DescribeInstanceTypes without InstanceTypes"));
        }
        let unknown: Vec<_> = names.iter().copied().filter(|name| !instance_types::exists(name)).collect();
        if !unknown.is_empty() {
            return Err(AwsError::client(
                "InvalidInstanceType",
                format!("The following supplied instance types do not exist: [{}]", unknown.join(", ")),
            ));
        }
        refuse_dry_run(request.dry_run)?;
        Ok(DescribeInstanceTypesResponse { instance_types: names.into_iter().map(instance_type).collect() })
    }
}

/// The zones of a region, each of which has every type.
pub(super) const ZONES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

impl Ec2 {
    /// `DescribeInstanceTypeOfferings` of types, by zone.
    pub fn describe_instance_type_offerings(
        &self,
        region: &str,
        request: &DescribeInstanceTypeOfferingsRequest,
    ) -> Result<DescribeInstanceTypeOfferingsResponse, AwsError> {
        const BY_ZONE: &str = "availability-zone";
        if request.location_type.as_deref() != Some(BY_ZONE) {
            return Err(AwsError::unmodelled(
                "DescribeInstanceTypeOfferings without LocationType availability-zone",
            ));
        }
        check_values(&request.filters)?;
        let names = match request.filters.as_slice() {
            [only] if only.name == "instance-type" => ids::distinct(&only.values),
            _ => {
                return Err(AwsError::unmodelled(
                    "DescribeInstanceTypeOfferings without the one filter instance-type",
                ));
            }
        };
        refuse_dry_run(request.dry_run)?;
        let offering = |name: &str, zone: &str| InstanceTypeOffering {
            instance_type: name.to_owned(),
            location_type: BY_ZONE.to_owned(),
            location: format!("{region}{zone}"),
        };
        let known = names.into_iter().filter(|name| instance_types::exists(name));
        let instance_type_offerings = known.flat_map(|name| ZONES.map(|zone| offering(name, zone))).collect();
        Ok(DescribeInstanceTypeOfferingsResponse { instance_type_offerings })
    }
}

/// Whether the image exists, in EC2's words if not.
pub(super) fn check_image(images: &Images, id: &str) -> Result<(), AwsError> {
    if !id.starts_with("ami-") {
        return Err(AwsError::client(
            "InvalidAMIID.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"ami-...\")"),
        ));
    }
    if !is_id(id, "ami-") {
        return Err(fault::malformed("InvalidAMIID", id));
    }
    if !images.contain(id) {
        return Err(AwsError::client(
            "InvalidAMIID.NotFound",
            format!("The image id '[{id}]' does not exist"),
        ));
    }
    Ok(())
}

/// A filter that is ignored would match all.
fn check_image_filter(filter: &Filter) -> Result<(), AwsError> {
    match image_attribute(&image(PUBLIC_IMAGE, "", None), &filter.name) {
        Some(_) => Ok(()),
        None => Err(SERVICE.unmodelled(format!("the filter {} in DescribeImages", filter.name))),
    }
}

/// The value of the attribute that EC2 filters by.
fn image_attribute(image: &Image, name: &str) -> Option<String> {
    let value = match name {
        "image-id" => &image.image_id,
        "name" => &image.name,
        "owner-id" => &image.owner_id,
        "owner-alias" => return Some(image.image_owner_alias.clone().unwrap_or_default()),
        "state" => &image.state,
        "is-public" => return Some(image.public.to_string()),
        "architecture" => &image.architecture,
        "image-type" => &image.image_type,
        "root-device-type" => &image.root_device_type,
        "virtualization-type" => &image.virtualization_type,
        _ => return None,
    };
    Some(value.clone())
}

/// The image with this id. Only the one of AWS's parameters is Amazon's; every other one is the account's own.
fn image(id: &str, account: &str, architecture: Option<&str>) -> Image {
    let public = id == PUBLIC_IMAGE;
    Image {
        image_id: id.to_owned(),
        name: if public { PUBLIC_IMAGE_NAME } else { id }.to_owned(),
        owner_id: if public { AMAZON } else { account }.to_owned(),
        image_owner_alias: public.then(|| "amazon".to_owned()),
        architecture: architecture.unwrap_or(ARCHITECTURE).to_owned(),
        state: "available".to_owned(),
        public,
        image_type: "machine".to_owned(),
        root_device_name: ROOT_DEVICE.to_owned(),
        root_device_type: "ebs".to_owned(),
        virtualization_type: "hvm".to_owned(),
    }
}

fn instance_type(name: &str) -> InstanceTypeInfo {
    InstanceTypeInfo {
        instance_type: name.to_owned(),
        bare_metal: instance_types::is_bare_metal(name),
        v_cpu_info: VCpuInfo { default_v_cpus: instance_types::vcpus(name) },
        supported_usage_classes: vec!["on-demand".to_owned(), "spot".to_owned()],
        supported_root_device_types: vec!["ebs".to_owned()],
    }
}
