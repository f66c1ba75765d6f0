//! The schedule of one account.

use std::time::Duration;

use fastrand::Rng;

use super::instance::seconds;
use super::scenario::Scenario;
use crate::faults::Mix;

/// Everything that is decided before the first call of one account.
pub(crate) struct Schedule {
    pub(crate) mix: Mix,
    /// Whether faults are planned beside those of the mix.
    pub(crate) planned: bool,
    /// How long Describe does not show a fresh instance.
    pub(crate) visible_after: Duration,
    /// How long ListCommands does not show a fresh command.
    pub(crate) listed_after: Duration,
    /// How long instances take to stop and to terminate, if that is longer than usual.
    pub(crate) slow_end: Option<Duration>,
    /// The state machine's own limit, if it is short enough to matter.
    pub(crate) machine_timeout: Option<Duration>,
    /// Whether the deployment covers [`OTHER_REGION`](super::OTHER_REGION) as well.
    pub(crate) other_region: bool,
    /// Whether the deployment has an instance whose execution never existed.
    pub(crate) orphan: bool,
    /// The executions, all in this account.
    pub(crate) executions: Vec<Scenario>,
}

impl Schedule {
    /// Whether nothing goes wrong but what happens on instances.
    pub(crate) fn is_calm(&self) -> bool {
        self.mix.is_calm() && !self.planned
    }

    pub(crate) fn draw(rng: &mut Rng, executions: usize) -> Self {
        // The guarantee that commands run once rests on the script's claim and on the list of commands together. So at
        // most one of them fails in a schedule.
        let claims_hold = rng.f64() < 0.7;
        let visible_after = if rng.bool() { seconds(rng, 0..30) } else { Duration::ZERO };
        let listed_after = if claims_hold && rng.f64() < 0.3 { seconds(rng, 1..20) } else { Duration::ZERO };
        let mix = Mix::draw(rng);
        // A day without a control plane shows no more than an hour, and takes longer.
        let timeouts: &[u32] =
            if mix.is_dark() { &[60, 600] } else { &[60, 60, 600, 600, 600, 3_600, 3_600, 86_400] };
        let other_region = rng.f64() < 0.25;
        let draw = |index| Scenario::draw(rng, index, timeouts, claims_hold, other_region);
        let executions: Vec<_> = (0..executions).map(draw).collect();
        let limit = executions.iter().map(Scenario::limit).max().unwrap_or_default();
        Self {
            mix,
            planned: false,
            visible_after,
            listed_after,
            slow_end: (rng.f64() < 0.1).then(|| seconds(rng, 60..1_200)),
            machine_timeout: (rng.f64() < 0.05).then(|| Duration::from_secs(5) + limit.mul_f64(rng.f64())),
            other_region,
            orphan: rng.f64() < 0.1,
            executions,
        }
    }

    /// The execution whose instances have that image, by its id or as the document names it.
    pub(crate) fn of_image(&self, image: &str) -> Option<usize> {
        let named = |scenario: &Scenario| scenario.document["instance_parameters"]["ImageId"] == image;
        self.executions.iter().position(|scenario| scenario.image == image || named(scenario))
    }

    /// How long an instance may take to end from when it is asked to, at most.
    pub(crate) fn resistance(&self) -> Duration {
        let instances = self.executions.iter().flat_map(|scenario| &scenario.instances);
        let refusal = instances.filter_map(|instance| instance.resists_for).max().unwrap_or_default();
        refusal + self.slow_end.unwrap_or_default()
    }
}
