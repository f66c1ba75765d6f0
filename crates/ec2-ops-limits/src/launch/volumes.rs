//! Volumes.

use super::{COMBINATION, IDS, MISSING, VALUE, is_missing, is_no_id, rule};
use crate::rule::Rule;
use crate::volume;

const EBS: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html";
const VOLUME_TYPES: &str = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html";
const DEVICE: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_BlockDeviceMapping.html";

pub(super) const RULES: &[Rule] = &[
    rule(
        ("BlockDeviceMappings[].DeviceName", "the name of a device such as /dev/sdf"),
        (MISSING, "The request must contain the parameter BlockDeviceMapping.N.DeviceName"),
        DEVICE,
        is_missing,
    ),
    rule(
        ("BlockDeviceMappings[].DeviceName", "each device once"),
        ("InvalidBlockDeviceMapping", "The device '{}' is used in more than one block-device mapping"),
        DEVICE,
        |here| !here.is_missing() && here.earlier.iter().any(|earlier| earlier["DeviceName"] == *here.value),
    ),
    rule(
        ("BlockDeviceMappings[]", "exactly one of Ebs, NoDevice and VirtualName"),
        ("InvalidBlockDeviceMapping", "Each device needs exactly one of Ebs, NoDevice and VirtualName"),
        DEVICE,
        |here| {
            let given =
                ["Ebs", "NoDevice", "VirtualName"].iter().filter(|name| !here.value[**name].is_null());
            given.count() != 1
        },
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.VolumeType", "gp3, gp2, io1, io2, st1, sc1 or standard"),
        ("UnknownVolumeType", "Unsupported volume type '{}' for volume creation."),
        EBS,
        volume::is_unknown,
    ),
    rule(
        (
            "BlockDeviceMappings[].Ebs.VolumeSize",
            "GiB that the type has: gp3 1-65536, gp2 1-16384, io1 4-16384, io2 4-65536, st1 and sc1 125-16384, standard 1-1024",
        ),
        (VALUE, "Volume of {}GiB is too small or too large for its type."),
        EBS,
        volume::has_wrong_size,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.Iops", "Iops, which io1 and io2 require"),
        (MISSING, "The parameter iops must be specified for io1 and io2 volumes."),
        EBS,
        volume::lacks_iops,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.Iops", "no Iops, which only gp3, io1 and io2 take"),
        (COMBINATION, "The parameter iops is not supported for volumes of this type."),
        EBS,
        volume::has_no_iops,
    ),
    rule(
        (
            "BlockDeviceMappings[].Ebs.Iops",
            "Iops that the type has: gp3 3000-80000, io1 100-64000, io2 100-256000",
        ),
        (VALUE, "Volume iops of {} is too low or too high for its type."),
        EBS,
        volume::has_wrong_iops,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.Iops", "at most 500 for each GiB of gp3, 50 of io1, 1000 of io2"),
        (VALUE, "Iops to volume size ratio of {} is too high"),
        VOLUME_TYPES,
        volume::has_too_many_iops_for_its_size,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.Throughput", "no Throughput, which only gp3 takes"),
        (COMBINATION, "The parameter throughput is not supported for volumes of this type."),
        EBS,
        volume::has_no_throughput,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.Throughput", "125 to 2000 MiB/s"),
        (VALUE, "Volume throughput of {} is too low or too high."),
        EBS,
        volume::has_wrong_throughput,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.Throughput", "at most a quarter of Iops, which are 3000 by default"),
        (VALUE, "Throughput (MiBps) to iops ratio of {} is too high"),
        VOLUME_TYPES,
        volume::has_too_much_throughput_for_its_iops,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.KmsKeyId", "it only for an encrypted volume"),
        ("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set."),
        EBS,
        |here| !here.is_missing() && here.fields["Encrypted"] != true,
    ),
    rule(
        ("BlockDeviceMappings[].Ebs.SnapshotId", "the id of a snapshot such as snap-0123456789abcdef0"),
        (VALUE, "Value ({}) for parameter snapshotId is invalid. Expected: 'snap-...'."),
        IDS,
        |here| is_no_id(here, "snap-"),
    ),
];
