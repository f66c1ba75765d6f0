//! Shared by all services: the clock, ids and random numbers, the event bus, and the quotas.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use crate::journal::Journal;
use crate::lock::lock;
use crate::quotas::Quotas;
use crate::ssm::ParameterStore;

/// The id of the account.
pub(crate) const ACCOUNT_ID: &str = "000000000000";

/// Wall-clock time that follows tokio's clock: real behind HTTP, virtual in a paused runtime.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Timestamp,
    started: Instant,
}

impl Clock {
    /// A clock that shows `epoch` now. Must be called inside a tokio runtime.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch, started: Instant::now() }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.epoch + self.started.elapsed()
    }
}

/// One EventBridge event, in the envelope that AWS documents.
/// See <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// For example `aws.ec2`.
    pub source: String,
    /// For example `EC2 Instance State-change Notification`.
    pub detail_type: String,
    /// The region in which it happened.
    pub region: String,
    /// ARNs of what it is about.
    pub resources: Vec<String>,
    /// The payload, in the shape that the source documents.
    pub detail: Value,
}

type Subscriber = Arc<dyn Fn(&Event) + Send + Sync>;

type Delivery = Arc<dyn Fn(&Event) -> Vec<Duration> + Send + Sync>;

/// Delivers each published event to every subscriber, in the order of subscription.
#[derive(Default)]
pub struct EventBus {
    subscribers: Mutex<Vec<Subscriber>>,
    delivery: Mutex<Option<Delivery>>,
}

impl EventBus {
    /// Calls `subscriber` for every event from now on.
    pub fn subscribe(&self, subscriber: impl Fn(&Event) + Send + Sync + 'static) {
        lock(&self.subscribers).push(Arc::new(subscriber));
    }

    /// Lets `delivery` decide how often, and after which delays, an event reaches the target of a matching rule. By
    /// default each event arrives once, at once.
    pub fn deliver_by(&self, delivery: impl Fn(&Event) -> Vec<Duration> + Send + Sync + 'static) {
        *lock(&self.delivery) = Some(Arc::new(delivery));
    }

    /// The delays of the copies of `event` that arrive.
    pub(crate) fn arrivals(&self, event: &Event) -> Vec<Duration> {
        let delivery = lock(&self.delivery).clone();
        delivery.map_or_else(|| vec![Duration::ZERO], |delivery| delivery(event))
    }

    /// Forgets every subscriber.
    pub(crate) fn clear(&self) {
        lock(&self.subscribers).clear();
        *lock(&self.delivery) = None;
    }

    /// Hands `event` to all subscribers. No lock of the bus is held while they run.
    pub fn publish(&self, event: &Event) {
        let subscribers = lock(&self.subscribers).clone();
        for subscriber in subscribers {
            subscriber(event);
        }
    }
}

/// What every service of an account builds on.
pub struct Platform {
    /// The account's clock.
    pub clock: Clock,
    /// The account's event bus.
    pub events: EventBus,
    /// The twelve-digit account id.
    pub account_id: String,
    /// The limits on calls.
    pub quotas: Quotas,
    /// What happens, if someone wants to know.
    pub journal: Journal,
    /// Parameter Store: SSM changes it, and EC2 reads it.
    pub(crate) parameters: ParameterStore,
    chance: Mutex<fastrand::Rng>,
}

impl Platform {
    /// A platform whose every id and random choice follows from `seed`.
    pub fn new(clock: Clock, seed: u64) -> Self {
        Self {
            clock,
            events: EventBus::default(),
            account_id: ACCOUNT_ID.to_owned(),
            quotas: Quotas::default(),
            journal: Journal::default(),
            parameters: ParameterStore::default(),
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }

    /// `prefix` and 17 hexadecimal digits, the form of EC2's ids: `i-0123456789abcdef0`.
    pub fn resource_id(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.hex(17))
    }

    /// A random UUID, version 4.
    pub fn uuid(&self) -> String {
        let h = self.hex(30);
        format!("{}-{}-4{}-a{}-{}", &h[..8], &h[8..12], &h[12..15], &h[15..18], &h[18..30])
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(&self) -> f64 {
        lock(&self.chance).f64()
    }

    /// A duration between `low` and `high`.
    pub fn between(&self, low: Duration, high: Duration) -> Duration {
        low + high.saturating_sub(low).mul_f64(self.fraction())
    }

    /// At most 32 random hexadecimal digits.
    fn hex(&self, digits: usize) -> String {
        let mut hex = format!("{:032x}", lock(&self.chance).u128(..));
        hex.truncate(digits);
        hex
    }
}
