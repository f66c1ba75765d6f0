//! The RunInstances arguments that a document may carry, in AWS's own names and shapes.
//!
//! See <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html>. Left out on purpose, and so refused:
//! the counts (always one), `ClientToken` and `InstanceInitiatedShutdownBehavior` (set by us), and arguments that could keep
//! an instance from being ended (`DisableApiTermination`, `DisableApiStop`, persistent Spot requests, hibernation).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! aws_shape {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }
    };
}

/// One value, or several in the order in which a launch tries them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore {
    /// The only one.
    One(#[schemars(length(min = 1))] String),
    /// Tried in order.
    More(#[schemars(length(min = 1, max = 10), inner(length(min = 1)))] Vec<String>),
}

impl OneOrMore {
    /// The values, in order.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::More(values) => values,
        }
    }
}

/// RunInstances arguments, in AWS's own names.
///
/// A document offers a `Choice` of types and subnets, [`OneOrMore`]. A launch takes one of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "InstanceParameters")]
pub struct InstanceParameters<Choice = String> {
    /// The AMI: its id, or `resolve:ssm:NAME` for the id that a parameter of Parameter Store holds. It must carry the SSM
    /// agent.
    #[schemars(length(min = 1))]
    pub image_id: String,
    /// For example `m8g.xlarge`; or a list, tried in order.
    pub instance_type: Choice,
    /// An SSH key pair; not needed, since commands go through SSM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub key_name: Option<String>,
    /// Security groups, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(min = 1)))]
    pub security_group_ids: Option<Vec<String>>,
    /// Security groups of the default VPC, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(min = 1)))]
    pub security_groups: Option<Vec<String>>,
    /// The subnet; or a list, tried in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<Choice>,
    /// The instance profile. It must allow what the SSM agent does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_instance_profile: Option<IamInstanceProfile>,
    /// Tags of the instance and of its volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_specifications: Option<Vec<TagSpecification>>,
    /// Volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_device_mappings: Option<Vec<BlockDeviceMapping>>,
    /// The instance metadata service. Default: IMDSv2 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_options: Option<MetadataOptions>,
    /// Spot, for every attempt; see also `run_options.ii_cheapo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_market_options: Option<InstanceMarketOptions>,
    /// User data, Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub user_data: Option<String>,
    /// Availability zone, tenancy, placement group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Network interfaces, in place of `SubnetId` and `SecurityGroupIds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<NetworkInterface>>,
    /// Dedicated throughput to EBS, on types where it is an option.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_optimized: Option<bool>,
    /// Detailed monitoring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    /// Cores and threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_options: Option<CpuOptions>,
    /// CPU credits of burstable types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_specification: Option<CreditSpecification>,
}

impl<Choice> InstanceParameters<Choice> {
    /// Whether they say anything about the network in which the instance is placed.
    pub(crate) fn is_placed(&self) -> bool {
        self.subnet_id.is_some()
            || self.network_interfaces.is_some()
            || self.security_group_ids.is_some()
            || self.security_groups.is_some()
    }
}

impl InstanceParameters<OneOrMore> {
    /// The parameters of a launch with this type, in this subnet.
    pub fn choose(&self, instance_type: &str, subnet_id: Option<&str>) -> InstanceParameters {
        let Self {
            image_id,
            instance_type: _,
            key_name,
            security_group_ids,
            security_groups,
            subnet_id: _,
            iam_instance_profile,
            tag_specifications,
            block_device_mappings,
            metadata_options,
            instance_market_options,
            user_data,
            placement,
            network_interfaces,
            ebs_optimized,
            monitoring,
            cpu_options,
            credit_specification,
        } = self.clone();
        InstanceParameters {
            image_id,
            instance_type: instance_type.to_owned(),
            key_name,
            security_group_ids,
            security_groups,
            subnet_id: subnet_id.map(str::to_owned),
            iam_instance_profile,
            tag_specifications,
            block_device_mappings,
            metadata_options,
            instance_market_options,
            user_data,
            placement,
            network_interfaces,
            ebs_optimized,
            monitoring,
            cpu_options,
            credit_specification,
        }
    }
}

aws_shape! {
    /// An instance profile, by name or by ARN.
    IamInstanceProfile {
        /// The profile's name.
        #[schemars(length(min = 1))]
        name: String,
        /// The profile's ARN.
        #[schemars(length(min = 1))]
        arn: String,
    }
}

/// Tags for one kind of resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TagSpecification {
    /// `instance` or `volume`.
    pub resource_type: TaggedResource,
    /// The tags.
    pub tags: Vec<Tag>,
}

/// The resources of a launch that can be tagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaggedResource {
    /// The instance.
    Instance,
    /// The volumes that the launch creates.
    Volume,
}

/// One tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// At most 128 characters.
    #[schemars(length(min = 1))]
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

aws_shape! {
    /// One device of the instance.
    BlockDeviceMapping {
        /// For example `/dev/xvda`.
        #[schemars(length(min = 1))]
        device_name: String,
        /// An EBS volume.
        ebs: Ebs,
        /// Suppresses the AMI's own mapping of this device.
        no_device: String,
        /// An instance store volume.
        #[schemars(length(min = 1))]
        virtual_name: String,
    }
}

aws_shape! {
    /// An EBS volume.
    Ebs {
        /// GiB.
        #[schemars(range(min = 1, max = 65_536))]
        volume_size: i32,
        /// For example `gp3`.
        #[schemars(length(min = 1))]
        volume_type: String,
        /// I/O operations per second.
        #[schemars(range(min = 1, max = 1_000_000))]
        iops: i32,
        /// MiB per second.
        #[schemars(range(min = 1, max = 100_000))]
        throughput: i32,
        /// Default: true.
        encrypted: bool,
        /// The KMS key; default: the account's key for EBS.
        #[schemars(length(min = 1))]
        kms_key_id: String,
        /// The snapshot to start from.
        #[schemars(length(min = 1))]
        snapshot_id: String,
        /// Whether termination deletes the volume; see also `run_options.ii_delete_volume`.
        delete_on_termination: bool,
    }
}

aws_shape! {
    /// The instance metadata service.
    MetadataOptions {
        /// `required` (IMDSv2 only) or `optional`.
        #[schemars(length(min = 1))]
        http_tokens: String,
        /// `enabled` or `disabled`.
        #[schemars(length(min = 1))]
        http_endpoint: String,
        /// 1 to 64; containers on the instance need 2.
        #[schemars(range(min = 1, max = 64))]
        http_put_response_hop_limit: i32,
        /// `enabled` or `disabled`.
        #[schemars(length(min = 1))]
        instance_metadata_tags: String,
    }
}

aws_shape! {
    /// The market to buy the instance on.
    InstanceMarketOptions {
        /// Only `spot`.
        #[schemars(required)]
        market_type: MarketType,
        /// How to buy on it.
        spot_options: SpotOptions,
    }
}

/// The market to buy an instance on, instead of on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MarketType {
    /// Spare capacity that EC2 may take back.
    Spot,
}

aws_shape! {
    /// How to buy on the Spot market.
    SpotOptions {
        /// Dollars an hour; default: the on-demand price.
        #[schemars(length(min = 1))]
        max_price: String,
        /// Only `one-time`: a persistent request would launch again after we have terminated.
        spot_instance_type: SpotInstanceType,
        /// Only `terminate`, as one-time requests have it.
        instance_interruption_behavior: SpotInterruptionBehavior,
    }
}

/// How long a Spot request lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpotInstanceType {
    /// It ends with the instance.
    OneTime,
}

/// What EC2 does with an interrupted Spot instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpotInterruptionBehavior {
    /// Terminates it.
    Terminate,
}

aws_shape! {
    /// Where in the region the instance is placed.
    Placement {
        /// For example `us-east-1a`.
        #[schemars(length(min = 1))]
        availability_zone: String,
        /// A placement group.
        #[schemars(length(min = 1))]
        group_name: String,
        /// `default`, `dedicated` or `host`.
        #[schemars(length(min = 1))]
        tenancy: String,
    }
}

aws_shape! {
    /// A network interface that the launch creates.
    NetworkInterface {
        /// 0 for the primary one.
        #[schemars(range(min = 0, max = 255))]
        device_index: i32,
        /// The subnet.
        #[schemars(length(min = 1))]
        subnet_id: String,
        /// Security groups, by id.
        #[schemars(inner(length(min = 1)))]
        groups: Vec<String>,
        /// Whether it gets a public address.
        associate_public_ip_address: bool,
    }
}

aws_shape! {
    /// Detailed monitoring.
    Monitoring {
        /// Whether it is on.
        enabled: bool,
    }
}

aws_shape! {
    /// Cores and threads.
    CpuOptions {
        /// CPU cores.
        #[schemars(range(min = 1, max = 4_096))]
        core_count: i32,
        /// Threads per core.
        #[schemars(range(min = 1, max = 2))]
        threads_per_core: i32,
    }
}

aws_shape! {
    /// CPU credits of burstable types.
    CreditSpecification {
        /// `standard` or `unlimited`.
        #[schemars(length(min = 1))]
        cpu_credits: String,
    }
}
