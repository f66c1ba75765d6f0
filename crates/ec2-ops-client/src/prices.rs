//! What instances cost: list prices from a table, Spot prices from EC2.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_sdk_ec2::types::InstanceType;
use aws_smithy_types::DateTime;
use ec2_ops::Market;
use ec2_ops::ledger::Line;
use jiff::Timestamp;

use crate::time::timestamp;
use crate::{Client, Error};

/// Dollars for an hour of the size `large` with Linux, by family and region.
const TABLE: &str = include_str!("../../../terraform/ledger/prices.csv");
/// Where the table is from.
pub const SOURCE: &str =
    "AWS's price list of 2025-03-02, as Apache Libcloud 3.9.1 has it (libcloud/data/pricing.json)";
/// EC2 bills an instance for at least so long. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-purchasing-options.html>.
const LEAST_SECONDS: i64 = 60;

static LARGE: LazyLock<BTreeMap<(&str, &str), f64>> = LazyLock::new(|| {
    let mut rows = TABLE.lines().map(|row| row.split(','));
    let regions: Vec<_> = rows.next().into_iter().flatten().skip(1).collect();
    let prices = rows.filter_map(|mut row| Some((row.next()?, row)));
    let cells = prices.flat_map(|(family, row)| {
        let cells = regions.iter().zip(row).filter_map(|(region, cell)| Some((*region, cell.parse().ok()?)));
        cells.map(move |(region, price)| ((family, region), price)).collect::<Vec<_>>()
    });
    cells.collect()
});

/// Dollars for an hour of `instance_type` with Linux on demand, if the table has its family.
fn on_demand(instance_type: &str, region: &str) -> Option<f64> {
    let (family, size) = instance_type.split_once('.')?;
    Some(LARGE.get(&(family, region))? * larges(size)?)
}

/// How many times a `large` a size is. Families are priced in proportion.
fn larges(size: &str) -> Option<f64> {
    Some(match size {
        "nano" => 0.0625,
        "micro" => 0.125,
        "small" => 0.25,
        "medium" => 0.5,
        "large" => 1.0,
        "xlarge" => 2.0,
        _ => 2.0 * f64::from(size.strip_suffix("xlarge")?.parse::<u16>().ok()?),
    })
}

/// Prices of Spot capacity as they were, by type and zone.
#[derive(Clone, Debug, Default)]
pub struct SpotPrices(BTreeMap<(String, String), Vec<(Timestamp, f64)>>);

impl SpotPrices {
    /// Dollars for an hour, on average from `from` to `to`; `None` if EC2 does not say.
    fn mean(&self, instance_type: &str, zone: &str, from: Timestamp, to: Timestamp) -> Option<f64> {
        let changes = self.0.get(&(instance_type.to_owned(), zone.to_owned()))?;
        // The price at the beginning is the last one that was set before.
        let before = changes.iter().rposition(|(at, _)| *at <= from)?;
        let whole = to.duration_since(from).as_secs_f64();
        if whole <= 0.0 {
            return Some(changes[before].1);
        }
        let ends = changes[before + 1..].iter().map(|(at, _)| *at).chain([Timestamp::MAX]);
        let dollars: f64 = changes[before..]
            .iter()
            .zip(ends)
            .map(|((at, price), end)| {
                let part = end.min(to).duration_since((*at).max(from)).as_secs_f64();
                price * part.max(0.0)
            })
            .sum();
        Some(dollars / whole)
    }
}

/// What the instance of an attempt cost in dollars, or why that is not known. Volumes, traffic and S3 are not in it.
///
/// # Errors
/// What is missing, in words for people.
pub fn of_instance(line: &Line, spot: &SpotPrices) -> Result<f64, String> {
    let Some(seconds) = line.instance_seconds else { return Ok(0.0) };
    let (Some(instance_type), Some(region)) = (&line.instance_type, &line.region) else {
        return Err("an instance of unknown type".to_owned());
    };
    let hourly = if line.market == Some(Market::Spot) {
        let mean = line
            .zone
            .as_ref()
            .zip(line.ran())
            .and_then(|(zone, (from, to))| spot.mean(instance_type, zone, from, to));
        mean.ok_or_else(|| format!("{instance_type} on Spot in {region}: EC2 has no price of that time"))?
    } else {
        on_demand(instance_type, region.as_str())
            .ok_or_else(|| format!("{instance_type} in {region}: not in the table of prices"))?
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds of a year are far below 2^53")]
    let hours = seconds.max(LEAST_SECONDS) as f64 / 3600.0;
    Ok(hourly * hours)
}

impl Client {
    /// The Spot prices that the instances of `lines` had.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn spot_prices(&self, lines: &[Line]) -> Result<SpotPrices, Error> {
        let mut wanted: BTreeMap<(&str, &str), (Timestamp, Timestamp)> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.market == Some(Market::Spot)) {
            if let (Some(kind), Some(region), Some((from, to))) =
                (&line.instance_type, &line.region, line.ran())
            {
                let range = wanted.entry((kind.as_str(), region.as_str())).or_insert((from, to));
                *range = (range.0.min(from), range.1.max(to));
            }
        }
        let mut prices = SpotPrices::default();
        for ((instance_type, region), (from, to)) in wanted {
            let call = self.ec2(region).describe_spot_price_history();
            let call = call.instance_types(InstanceType::from(instance_type));
            let call = call.product_descriptions("Linux/UNIX").start_time(date(from)).end_time(date(to));
            let mut pages = call.into_paginator().items().send();
            while let Some(price) = pages.next().await {
                let price = price.map_err(|error| Error::of_call("DescribeSpotPriceHistory", &error))?;
                let dollars = price.spot_price().and_then(|dollars| dollars.parse().ok());
                if let (Some(zone), Some(at), Some(dollars)) =
                    (price.availability_zone(), price.timestamp(), dollars)
                {
                    let key = (instance_type.to_owned(), zone.to_owned());
                    prices.0.entry(key).or_default().push((timestamp(at), dollars));
                }
            }
        }
        for changes in prices.0.values_mut() {
            changes.sort_by_key(|(at, _)| *at);
        }
        Ok(prices)
    }
}

fn date(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    fn is(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() < 1e-9)
    }

    #[test]
    fn a_size_costs_its_part_of_a_large_and_an_unknown_family_has_no_price() {
        assert!(is(on_demand("t4g.nano", "us-east-1"), 0.0042));
        assert!(is(on_demand("c7g.16xlarge", "us-west-2"), 2.32));
        assert!(is(on_demand("m5.xlarge", "eu-central-1"), 0.23));
        for (unknown, region) in
            [("p5.48xlarge", "us-east-1"), ("t4g.metal", "us-east-1"), ("t3.nano", "nowhere")]
        {
            assert_eq!(on_demand(unknown, region), None, "{unknown}");
        }
    }

    #[test]
    fn every_cell_of_the_table_is_a_price_of_ec2() {
        assert!(LARGE.len() > 400, "{}", LARGE.len());
        assert!(LARGE.values().all(|price| (0.04..0.3).contains(price)));
    }

    #[test]
    fn spot_costs_what_it_cost_on_average_while_the_instance_ran() {
        let changes = vec![(at("04:00:00"), 0.10), (at("06:00:00"), 0.20)];
        let prices =
            SpotPrices(BTreeMap::from([(("t4g.nano".to_owned(), "us-east-1a".to_owned()), changes)]));
        let mean = |zone: &str, from, to| prices.mean("t4g.nano", zone, at(from), at(to));
        assert!(is(mean("us-east-1a", "04:30:00", "05:30:00"), 0.10));
        assert!(is(mean("us-east-1a", "05:00:00", "07:00:00"), 0.15));
        assert!(is(mean("us-east-1a", "07:00:00", "07:00:00"), 0.20));
        assert_eq!(mean("us-east-1a", "03:00:00", "05:00:00"), None);
        assert_eq!(mean("us-east-1b", "05:00:00", "07:00:00"), None);
    }
}
