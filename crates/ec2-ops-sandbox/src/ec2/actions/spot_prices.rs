//! `DescribeSpotPriceHistory`: the stand-in account's Spot market has one price.

use super::catalog::ZONES;
use crate::AwsError;
use crate::ec2::api::{DescribeSpotPriceHistoryRequest, DescribeSpotPriceHistoryResponse, SpotPrice};
use crate::ec2::{Ec2, instance_types};

/// Dollars for an hour of any type.
const DOLLARS: &str = "0.010000";
const PRODUCT: &str = "Linux/UNIX";

impl Ec2 {
    /// `DescribeSpotPriceHistory`, by types. The one price holds since `StartTime`.
    pub fn describe_spot_price_history(
        &self,
        region: &str,
        request: &DescribeSpotPriceHistoryRequest,
    ) -> Result<DescribeSpotPriceHistoryResponse, AwsError> {
        super::refuse_dry_run(request.dry_run)?;
        if request.instance_types.is_empty() || request.start_time.is_none() {
            return Err(AwsError::unmodelled("DescribeSpotPriceHistory without InstanceTypes and StartTime"));
        }
        if let Some(other) = request.product_descriptions.iter().find(|product| *product != PRODUCT) {
            return Err(AwsError::unmodelled(format!("DescribeSpotPriceHistory of {other}")));
        }
        if let Some(unknown) = request.instance_types.iter().find(|name| !instance_types::exists(name)) {
            let message = format!("Invalid value '{unknown}' for InstanceType.");
            return Err(AwsError::client("InvalidParameterValue", message));
        }
        let timestamp = request.start_time.unwrap_or(self.shared.platform.clock.now());
        let price = |instance_type: &String, zone: &str| SpotPrice {
            instance_type: instance_type.clone(),
            product_description: PRODUCT.to_owned(),
            spot_price: DOLLARS.to_owned(),
            timestamp,
            availability_zone: format!("{region}{zone}"),
        };
        let types = request.instance_types.iter();
        let spot_price_history = types.flat_map(|name| ZONES.map(|zone| price(name, zone))).collect();
        Ok(DescribeSpotPriceHistoryResponse { spot_price_history })
    }
}
