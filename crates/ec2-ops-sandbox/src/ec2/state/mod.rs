//! The account's instances and volumes, in all regions, and the rules by which they change.
//!
//! Everything here is synchronous. The effects of a change on anything else are queued in the outbox.

mod effects;
mod lifecycle;
mod records;
mod table;
mod tokens;
mod vcpus;
mod volumes;

pub(super) use effects::{Effect, Timer};
pub(super) use lifecycle::Cause;
pub use records::{InstanceRecord, ShutdownBehavior, VolumeRecord};
pub(super) use table::{Row, Table};
pub(super) use tokens::{TokenKey, TokenUse};

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ec2_ops_limits::{instance_type, is_id};
use jiff::Timestamp;

use super::api::CreateVolumeRequest;
use super::config::Ec2Config;
use super::{fault, ids};
use crate::{AwsError, Platform};

/// The whole state of EC2 in one account.
pub(super) struct State {
    pub(super) platform: Arc<Platform>,
    pub(super) config: Arc<Ec2Config>,
    pub(super) instances: Table<InstanceRecord>,
    pub(super) volumes: Table<VolumeRecord>,
    pub(super) tokens: HashMap<TokenKey, TokenUse>,
    /// The volume that each client token made, by region and token.
    pub(super) volume_tokens: HashMap<(String, String), (CreateVolumeRequest, String)>,
    /// The architecture of the type on which each image was last launched, or tried with DryRun: an image here is of every one.
    architectures: HashMap<String, &'static str>,
    /// How many launches there were; numbers the private addresses.
    pub(super) launches: u32,
    /// Effects to carry out, oldest first.
    pub(super) outbox: VecDeque<Effect>,
    /// Whether a caller is carrying them out.
    pub(super) delivering: bool,
    /// Terminated instances, oldest first, until they are forgotten.
    terminated: VecDeque<(Timestamp, String)>,
    /// Client tokens of terminated instances, oldest first, until they are free again.
    used_tokens: VecDeque<(Timestamp, TokenKey)>,
}

impl State {
    pub(super) fn new(platform: Arc<Platform>, config: Arc<Ec2Config>) -> Self {
        Self {
            platform,
            config,
            instances: Table::default(),
            volumes: Table::default(),
            tokens: HashMap::new(),
            volume_tokens: HashMap::new(),
            architectures: HashMap::new(),
            launches: 0,
            outbox: VecDeque::new(),
            delivering: false,
            terminated: VecDeque::new(),
            used_tokens: VecDeque::new(),
        }
    }

    /// Makes `image` one of the architecture of this type.
    pub(super) fn fit(&mut self, image: &str, instance_type: &str) {
        if let Some(architecture) = instance_type::architecture(instance_type) {
            self.architectures.insert(image.to_owned(), architecture);
        }
    }

    /// The architecture of `image`, once it was tried on a type.
    pub(super) fn architecture_of(&self, image: &str) -> Option<&'static str> {
        self.architectures.get(image).copied()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.platform.clock.now()
    }

    /// Whether the settings protect the instance from being stopped or terminated.
    pub(super) fn protects(&self, id: &str) -> bool {
        self.config.protection.as_ref().is_some_and(|protects| protects(id))
    }

    /// The instance, if API calls in `region` see it.
    pub(super) fn instance(&self, region: &str, id: &str) -> Option<&Arc<InstanceRecord>> {
        let now = self.now();
        self.instances.get(id).filter(|record| record.region == region && record.visible_at <= now)
    }

    /// The instances with these ids, each once, or the error that names the unknown ones.
    pub(super) fn instances_by_id(
        &self,
        region: &str,
        requested: &[String],
    ) -> Result<Vec<Arc<InstanceRecord>>, AwsError> {
        if let Some(id) = requested.iter().find(|id| !is_id(id, "i-")) {
            return Err(fault::malformed("InvalidInstanceID", id));
        }
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for id in ids::distinct(requested) {
            match self.instance(region, id) {
                Some(record) => found.push(Arc::clone(record)),
                None => unknown.push(id),
            }
        }
        if unknown.is_empty() { Ok(found) } else { Err(fault::instances_not_found(&unknown)) }
    }

    /// The volume, if API calls in `region` see it, or the error that says what is wrong with the id.
    pub(super) fn volume(&self, region: &str, id: &str) -> Result<&Arc<VolumeRecord>, AwsError> {
        if !is_id(id, "vol-") {
            return Err(AwsError::client(
                "InvalidParameterValue",
                format!("Value ({id}) for parameter volumeId is invalid. Expected: 'vol-...'."),
            ));
        }
        let now = self.now();
        self.volumes
            .get(id)
            .filter(|record| record.region == region && record.visible_at <= now)
            .ok_or_else(|| fault::volume_not_found(id))
    }

    /// Forgets the instances and tokens whose time is over.
    pub(super) fn forget_expired(&mut self) {
        let now = self.now();
        let visible = self.config.times.terminated_visible;
        while let Some((_, id)) = self.terminated.pop_front_if(|(since, _)| *since + visible <= now) {
            self.instances.remove(&id);
        }
        let retention = self.config.times.token_retention;
        while let Some((_, key)) = self.used_tokens.pop_front_if(|(since, _)| *since + retention <= now) {
            self.tokens.remove(&key);
        }
    }
}
