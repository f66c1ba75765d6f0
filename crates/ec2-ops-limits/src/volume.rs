//! EBS volumes: what each type takes.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::rule::Here;

/// What one type of volume takes.
#[derive(Debug)]
pub struct VolumeType {
    /// Its name.
    pub name: &'static str,
    /// GiB.
    pub size: RangeInclusive<u32>,
    /// I/O operations per second, if they can be chosen.
    pub iops: Option<RangeInclusive<u32>>,
    /// Whether they have to be chosen.
    pub iops_required: bool,
    /// The most I/O operations per second for each GiB.
    pub iops_per_gib: u32,
    /// MiB per second, if they can be chosen.
    pub throughput: Option<RangeInclusive<u32>>,
}

/// See <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html> for the ranges, and
/// <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html> for the ratios.
pub const TYPES: &[VolumeType] = &[
    VolumeType {
        iops: Some(3_000..=80_000),
        iops_per_gib: 500,
        throughput: Some(125..=2_000),
        ..plain("gp3", 1..=65_536)
    },
    plain("gp2", 1..=16_384),
    VolumeType {
        iops: Some(100..=64_000),
        iops_required: true,
        iops_per_gib: 50,
        ..plain("io1", 4..=16_384)
    },
    VolumeType {
        iops: Some(100..=256_000),
        iops_required: true,
        iops_per_gib: 1_000,
        ..plain("io2", 4..=65_536)
    },
    plain("st1", 125..=16_384),
    plain("sc1", 125..=16_384),
    plain("standard", 1..=1_024),
];

/// The type of a volume whose request names none.
pub const DEFAULT_TYPE: &str = "gp2";

const fn plain(name: &'static str, size: RangeInclusive<u32>) -> VolumeType {
    VolumeType { name, size, iops: None, iops_required: false, iops_per_gib: 0, throughput: None }
}

/// The type that the volume `ebs` will have, if it is known: a mapping without a type may change the image's own volume.
fn of(ebs: &Value) -> Option<&'static VolumeType> {
    let name = ebs["VolumeType"].as_str()?;
    TYPES.iter().find(|volume_type| volume_type.name == name)
}

pub(crate) fn is_unknown(here: &Here<'_>) -> bool {
    here.text().is_some_and(|name| !TYPES.iter().any(|volume_type| volume_type.name == name))
}

pub(crate) fn has_wrong_size(here: &Here<'_>) -> bool {
    of(here.fields).is_some_and(|volume_type| here.is_outside(&volume_type.size))
}

pub(crate) fn lacks_iops(here: &Here<'_>) -> bool {
    here.is_missing() && of(here.fields).is_some_and(|volume_type| volume_type.iops_required)
}

pub(crate) fn has_no_iops(here: &Here<'_>) -> bool {
    !here.is_missing() && of(here.fields).is_some_and(|volume_type| volume_type.iops.is_none())
}

pub(crate) fn has_wrong_iops(here: &Here<'_>) -> bool {
    let range = of(here.fields).and_then(|volume_type| volume_type.iops.as_ref());
    range.is_some_and(|range| here.is_outside(range))
}

/// The least number of I/O operations can be had at any size.
pub(crate) fn has_too_many_iops_for_its_size(here: &Here<'_>) -> bool {
    let Some(volume_type) = of(here.fields) else { return false };
    let (Some(iops), Some(size), Some(range)) =
        (here.value.as_u64(), here.fields["VolumeSize"].as_u64(), &volume_type.iops)
    else {
        return false;
    };
    iops > u64::from(*range.start()) && iops > size.saturating_mul(volume_type.iops_per_gib.into())
}

pub(crate) fn has_no_throughput(here: &Here<'_>) -> bool {
    !here.is_missing() && of(here.fields).is_some_and(|volume_type| volume_type.throughput.is_none())
}

pub(crate) fn has_wrong_throughput(here: &Here<'_>) -> bool {
    let range = of(here.fields).and_then(|volume_type| volume_type.throughput.as_ref());
    range.is_some_and(|range| here.is_outside(range))
}

/// Four I/O operations a second for each MiB a second.
pub(crate) fn has_too_much_throughput_for_its_iops(here: &Here<'_>) -> bool {
    let Some(least) = of(here.fields)
        .and_then(|volume_type| volume_type.iops.as_ref())
        .map(|range| u64::from(*range.start()))
    else {
        return false;
    };
    let iops = here.fields["Iops"].as_u64().unwrap_or(least);
    here.value.as_u64().is_some_and(|throughput| throughput.saturating_mul(4) > iops)
}
