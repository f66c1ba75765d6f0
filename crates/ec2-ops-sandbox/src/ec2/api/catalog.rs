//! Images, instance types and Spot prices.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Filter;

/// `DescribeImages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeImagesRequest {
    pub dry_run: bool,
    pub image_ids: Vec<String>,
    pub owners: Vec<String>,
    pub filters: Vec<Filter>,
}

/// The answer of `DescribeImages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeImagesResponse {
    pub images: Vec<Image>,
}

/// A machine image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Image {
    pub image_id: String,
    pub name: String,
    pub owner_id: String,
    pub image_owner_alias: Option<String>,
    pub architecture: String,
    pub state: String,
    pub public: bool,
    pub image_type: String,
    pub root_device_name: String,
    pub root_device_type: String,
    pub virtualization_type: String,
}

/// `DescribeInstanceTypes`, by name only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeInstanceTypesRequest {
    pub dry_run: bool,
    pub instance_types: Vec<String>,
}

/// The answer of `DescribeInstanceTypes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeInstanceTypesResponse {
    pub instance_types: Vec<InstanceTypeInfo>,
}

/// What the model knows of an instance type: that it exists, and how it may be bought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceTypeInfo {
    pub instance_type: String,
    pub bare_metal: bool,
    pub v_cpu_info: VCpuInfo,
    pub supported_usage_classes: Vec<String>,
    pub supported_root_device_types: Vec<String>,
}

/// The vCPUs of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VCpuInfo {
    pub default_v_cpus: u32,
}

/// `DescribeInstanceTypeOfferings`, of a type by zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeInstanceTypeOfferingsRequest {
    pub dry_run: bool,
    pub location_type: Option<String>,
    pub filters: Vec<Filter>,
}

/// The answer of `DescribeInstanceTypeOfferings`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeInstanceTypeOfferingsResponse {
    pub instance_type_offerings: Vec<InstanceTypeOffering>,
}

/// A zone that has a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceTypeOffering {
    pub instance_type: String,
    pub location_type: String,
    pub location: String,
}

/// `DescribeSpotPriceHistory`, by types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DescribeSpotPriceHistoryRequest {
    pub dry_run: bool,
    pub instance_types: Vec<String>,
    pub product_descriptions: Vec<String>,
    pub start_time: Option<Timestamp>,
    pub end_time: Option<Timestamp>,
}

/// The answer of `DescribeSpotPriceHistory`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeSpotPriceHistoryResponse {
    pub spot_price_history: Vec<SpotPrice>,
}

/// A price of Spot capacity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SpotPrice {
    pub instance_type: String,
    pub product_description: String,
    pub spot_price: String,
    pub timestamp: Timestamp,
    pub availability_zone: String,
}
