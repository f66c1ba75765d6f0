//! AWS's quotas on calls: token buckets, for each action and region. Off until [`Quotas::enforce`].

mod bucket;
mod table;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

pub(crate) use bucket::Bucket;
pub use bucket::Rate;

use crate::lock::lock;

/// The limits on an account's calls.
#[derive(Default)]
pub struct Quotas {
    /// `None` while nothing is limited.
    buckets: Mutex<Option<Buckets>>,
}

/// By name, then by region.
type Buckets = HashMap<&'static str, HashMap<String, Bucket>>;

impl Quotas {
    /// Enforces the limits of a new AWS account from now on. Every bucket is full.
    pub fn enforce(&self) {
        *lock(&self.buckets) = Some(Buckets::new());
    }

    /// Whether calls are limited.
    pub fn are_enforced(&self) -> bool {
        lock(&self.buckets).is_some()
    }

    /// The limit on calls of `action`, if there is one.
    pub fn rate_of(action: &str) -> Option<Rate> {
        table::of(action).map(|(_, rate)| rate)
    }

    /// Counts a call of `action`. Returns whether it is within the quota; a call beyond it costs no token.
    pub(crate) fn admit(&self, region: &str, action: &str) -> bool {
        let Some((name, rate)) = table::of(action) else { return true };
        let mut buckets = lock(&self.buckets);
        let Some(buckets) = buckets.as_mut() else { return true };
        let launches = name == "RunInstances";
        bucket(buckets, region, name, rate).take()
            && (!launches || bucket(buckets, region, "launched instances", table::LAUNCHED_INSTANCES).take())
    }

    /// Counts a state transition. Returns how long it has to wait.
    pub(crate) fn transition(&self, region: &str) -> Duration {
        match lock(&self.buckets).as_mut() {
            None => Duration::ZERO,
            Some(buckets) => bucket(buckets, region, "state transitions", table::STATE_TRANSITIONS).reserve(),
        }
    }
}

fn bucket<'a>(buckets: &'a mut Buckets, region: &str, name: &'static str, rate: Rate) -> &'a mut Bucket {
    buckets.entry(name).or_default().entry(region.to_owned()).or_insert_with(|| Bucket::full(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(quotas: &Quotas, action: &str, calls: usize) -> usize {
        (0..calls).filter(|_| quotas.admit("us-east-1", action)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_limited_until_it_is_asked_for() {
        let quotas = Quotas::default();
        assert_eq!(admitted(&quotas, "RunInstances", 100), 100);
        quotas.enforce();
        assert_eq!(admitted(&quotas, "RunInstances", 100), 5);
        assert_eq!(admitted(&quotas, "PutItem", 10_000), 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn each_action_and_region_has_a_bucket_of_its_own() {
        let quotas = Quotas::default();
        quotas.enforce();
        assert_eq!(admitted(&quotas, "DescribeInstances", 200), 100);
        assert_eq!(admitted(&quotas, "DescribeVolumes", 200), 100);
        assert!(quotas.admit("eu-west-1", "DescribeInstances"));
    }

    #[tokio::test(start_paused = true)]
    async fn transitions_beyond_the_quota_are_late_and_not_refused() {
        let quotas = Quotas::default();
        quotas.enforce();
        let delays: Vec<_> = (0..6_500).map(|_| quotas.transition("us-east-1")).collect();
        assert_eq!(delays[4_999], Duration::ZERO);
        assert_eq!(delays[6_499], Duration::from_secs(1));
    }
}
