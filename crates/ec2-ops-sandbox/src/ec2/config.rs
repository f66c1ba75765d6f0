//! The settings of the model: how long transitions take, and which names exist.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::api::RunInstancesRequest;

/// The settings of [`Ec2`](super::Ec2).
#[derive(Clone, Default)]
pub struct Ec2Config {
    /// How long each transition takes.
    pub times: Times,
    /// Which machine images exist.
    pub images: Images,
    /// Names that no lookup finds; every other well-formed one exists.
    pub missing: Missing,
    /// For how long a fresh instance and its volumes are unknown to everything but a repeated launch: EC2's eventual
    /// consistency. See
    /// <https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>.
    pub visible_after: Duration,
    /// Decides for each launch whether capacity is short. `None`: it never is.
    pub capacity: Option<Capacity>,
    /// The account's quota of vCPUs: how many may be in use at once in each region, for each market and group of instance
    /// families. `None`: any number. See
    /// <https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html>.
    pub vcpus: Option<u32>,
    /// Decides for each call to stop or terminate an instance whether the instance is protected. `None`: only the
    /// instance's own attributes protect it.
    pub protection: Option<Protection>,
}

/// Asked once per launch, after validation, with the region and the request.
pub type Capacity = Arc<dyn Fn(&str, &RunInstancesRequest) -> Option<Shortage> + Send + Sync>;

/// Asked once per call and instance, with its id.
pub type Protection = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Why a launch that is otherwise valid fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortage {
    /// No machine of the type is free: `InsufficientInstanceCapacity`.
    InsufficientInstanceCapacity,
    /// The Spot price cap is below the market: `SpotMaxPriceTooLow`.
    SpotMaxPriceTooLow,
    /// The account's Spot quota is used up: `MaxSpotInstanceCountExceeded`.
    MaxSpotInstanceCountExceeded,
    /// The zone does not have the type: `Unsupported`.
    UnsupportedInZone,
    /// The subnet has no free address: `InsufficientFreeAddressesInSubnet`.
    InsufficientFreeAddressesInSubnet,
    /// The account's vCPU quota is used up: `VcpuLimitExceeded`.
    VcpuLimitExceeded,
    /// EC2 does not know the instance profile yet: `InvalidParameterValue`.
    UnknownInstanceProfile,
    /// The image is pending: `InvalidAMIID.Unavailable`.
    ImageUnavailable,
}

/// How long each transition takes, as a range from which each one is drawn.
#[derive(Clone, Debug)]
pub struct Times {
    /// `pending` to `running`.
    pub pending: (Duration, Duration),
    /// `stopping` to `stopped`.
    pub stopping: (Duration, Duration),
    /// `shutting-down` to `terminated`.
    pub shutting_down: (Duration, Duration),
    /// `CreateVolume` to `available`.
    pub creating: Duration,
    /// `DeleteVolume` to the volume's absence.
    pub deleting: (Duration, Duration),
    /// From a Spot interruption warning to the termination: two minutes on AWS.
    pub spot_notice: Duration,
    /// How long a terminated instance stays visible: about an hour on AWS.
    pub terminated_visible: Duration,
    /// How long a client token outlives its instance: at least 24 hours on AWS.
    pub token_retention: Duration,
}

impl Default for Times {
    /// AWS's times.
    fn default() -> Self {
        let seconds = |low, high| (Duration::from_secs(low), Duration::from_secs(high));
        Self {
            pending: seconds(5, 20),
            stopping: seconds(20, 40),
            shutting_down: seconds(20, 40),
            creating: Duration::from_secs(2),
            deleting: seconds(1, 3),
            spot_notice: Duration::from_mins(2),
            terminated_visible: Duration::from_hours(1),
            token_retention: Duration::from_hours(24),
        }
    }
}

impl Times {
    /// Milliseconds instead of seconds, for a person who waits. The times in hours stay as they are.
    pub fn fast() -> Self {
        let millis = |low, high| (Duration::from_millis(low), Duration::from_millis(high));
        Self {
            pending: millis(20, 60),
            stopping: millis(20, 60),
            shutting_down: millis(20, 60),
            creating: Duration::from_millis(10),
            deleting: millis(5, 10),
            spot_notice: Duration::from_secs(2),
            ..Self::default()
        }
    }
}

/// Which machine images exist.
#[derive(Clone, Debug)]
pub enum Images {
    /// Every well-formed id in every region, except these and those made only of zeros.
    Any {
        /// Ids that do not exist.
        missing: BTreeSet<String>,
    },
    /// Exactly these ids, in every region.
    Only(BTreeSet<String>),
}

impl Default for Images {
    fn default() -> Self {
        Self::Any { missing: BTreeSet::new() }
    }
}

impl Images {
    /// Whether the well-formed id `image` exists.
    pub fn contain(&self, image: &str) -> bool {
        match self {
            Self::Any { missing } => {
                let digits = image.trim_start_matches("ami-");
                digits.bytes().any(|digit| digit != b'0') && !missing.contains(image)
            }
            Self::Only(present) => present.contains(image),
        }
    }
}

/// Well-formed names that do not exist.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    /// Key pairs.
    pub key_names: BTreeSet<String>,
    /// Security groups, by id or name.
    pub security_groups: BTreeSet<String>,
    /// Subnets.
    pub subnets: BTreeSet<String>,
    /// Instance profiles, by name.
    pub instance_profiles: BTreeSet<String>,
}
