//! One instance of a scenario.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use crate::faults::InstanceFault;

/// What happens on one instance.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
#[derive(Clone, Debug, Default)]
pub(crate) struct InstanceScenario {
    /// From `running` to an agent that is online. `None`: it never is.
    pub(crate) agent_after: Option<Duration>,
    /// How long the script runs, if nothing ends it.
    pub(crate) runs_for: Duration,
    pub(crate) exit_code: i32,
    pub(crate) writes_output: bool,
    /// Whether a background process holds the script's output open.
    pub(crate) holds_output_open: bool,
    /// Whether the script can claim its attempt on the instance's disk.
    pub(crate) claim_holds: bool,
    /// Whether a person edits its tags once its commands have begun.
    pub(crate) tags_edited: bool,
    /// What goes wrong with the instance.
    pub(crate) fault: Option<PlannedFault>,
    /// How long EC2 refuses to stop or to terminate it, from the first request to.
    pub(crate) resists_for: Option<Duration>,
}

/// A fault of an instance, and when it happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedFault {
    pub(crate) after: Trigger,
    pub(crate) delay: Duration,
    pub(crate) fault: InstanceFault,
}

/// What a fault of an instance comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// The agent came online. The commands may be on their way already.
    AgentOnline,
    /// The script began.
    ScriptBegun,
}

impl InstanceScenario {
    pub(super) fn draw(rng: &mut Rng, timeout_s: u32, claims_hold: bool, spot: bool) -> Self {
        let limit = Duration::from_secs(timeout_s.into());
        // A draw of its own: it leaves everything else about a seed as it is.
        let tags_edited = Rng::with_seed(rng.clone().u64(..)).f64() < 0.08;
        let share = if rng.f64() < 0.1 { 2.0 } else { rng.f64() * 0.9 };
        Self {
            agent_after: agent_after(rng),
            runs_for: limit.mul_f64(share),
            exit_code: if rng.f64() < 0.2 { rng.i32(1..128) } else { 0 },
            writes_output: rng.f64() < 0.85,
            holds_output_open: rng.f64() < 0.04,
            claim_holds: claims_hold,
            tags_edited,
            fault: fault(rng, limit, spot),
            resists_for: (rng.f64() < 0.07).then(|| seconds(rng, 30..1_200)),
        }
    }
}

/// Most agents are online within seconds, some take many minutes, and some never come.
fn agent_after(rng: &mut Rng) -> Option<Duration> {
    match rng.f64() {
        ..0.03 => None,
        0.03..0.06 => Some(seconds(rng, 300..900)),
        _ => Some(seconds(rng, 1..90)),
    }
}

/// What can go wrong with an instance while its commands run.
const WHILE_COMMANDS_RUN: [InstanceFault; 6] = [
    InstanceFault::Vanishes,
    InstanceFault::StoppedFromOutside,
    InstanceFault::Reboots,
    InstanceFault::RebootsAndShutsDown,
    InstanceFault::AgentDies,
    InstanceFault::CommandsCancelled,
];
/// What can go wrong with an instance that is about to receive its commands.
const BEFORE_COMMANDS: [InstanceFault; 5] = [
    InstanceFault::Vanishes,
    InstanceFault::StoppedFromOutside,
    InstanceFault::Reboots,
    InstanceFault::AgentDies,
    InstanceFault::AgentPauses,
];

/// The fault of one instance in three, and of more than half of the Spot Instances.
fn fault(rng: &mut Rng, limit: Duration, spot: bool) -> Option<PlannedFault> {
    let (soon, sometime) = (seconds(rng, 0..15), limit.mul_f64(rng.f64()));
    let early = |fault| PlannedFault { after: Trigger::AgentOnline, delay: soon, fault };
    let late = |fault| PlannedFault { after: Trigger::ScriptBegun, delay: sometime, fault };
    match rng.f64() {
        ..0.1 => rng.choice(BEFORE_COMMANDS).map(early),
        0.1..0.35 => rng.choice(WHILE_COMMANDS_RUN).map(late),
        0.35..0.6 if spot => Some(late(InstanceFault::SpotInterruption)),
        _ => None,
    }
}

/// A time in `range`, which is in seconds.
pub(super) fn seconds(rng: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range.start * 1000..range.end * 1000))
}
