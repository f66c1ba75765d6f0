//! `DescribeImages` and `DescribeInstanceTypes`: what can be launched.

use ec2_ops_limits::is_id;

use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{
    DescribeImagesRequest, DescribeImagesResponse, DescribeInstanceTypesRequest,
    DescribeInstanceTypesResponse, Image, InstanceTypeInfo,
};
use crate::ec2::config::Images;
use crate::ec2::{Ec2, fault, ids, instance_types};

/// The device that every modelled image boots from.
pub(super) const ROOT_DEVICE: &str = "/dev/xvda";

impl Ec2 {
    /// `DescribeImages`, by id: which others exist is not modelled.
    pub fn describe_images(
        &self,
        _region: &str,
        request: &DescribeImagesRequest,
    ) -> Result<DescribeImagesResponse, AwsError> {
        if request.image_ids.is_empty() {
            return Err(AwsError::unmodelled("DescribeImages without ImageIds"));
        }
        for id in &request.image_ids {
            check_image(&self.shared.config.images, id)?;
        }
        refuse_dry_run(request.dry_run)?;
        let owner = &self.shared.platform.account_id;
        let images = ids::distinct(&request.image_ids).into_iter().map(|id| image(id, owner)).collect();
        Ok(DescribeImagesResponse { images })
    }

    /// `DescribeInstanceTypes`, by name.
    pub fn describe_instance_types(
        &self,
        _region: &str,
        request: &DescribeInstanceTypesRequest,
    ) -> Result<DescribeInstanceTypesResponse, AwsError> {
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

fn image(id: &str, owner: &str) -> Image {
    Image {
        image_id: id.to_owned(),
        name: id.to_owned(),
        owner_id: owner.to_owned(),
        state: "available".to_owned(),
        public: false,
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
        supported_usage_classes: vec!["on-demand".to_owned(), "spot".to_owned()],
        supported_root_device_types: vec!["ebs".to_owned()],
    }
}
