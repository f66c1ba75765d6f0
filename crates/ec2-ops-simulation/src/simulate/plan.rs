//! What a seed decides in advance: the documents, what their commands do, what befalls the instances.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::fault_kind::Fate;
use super::faults::Mix;

/// The bucket that all executions write to.
pub(crate) const BUCKET: &str = "output";
/// The region that some deployments cover beside their own.
pub(crate) const OTHER_REGION: &str = "us-west-2";

/// Everything that is decided before the first call.
pub(crate) struct Plan {
    pub(crate) mix: Mix,
    /// How long a fresh instance stays unseen by Describe.
    pub(crate) visible_after: Duration,
    /// How long a fresh command stays unseen by ListCommands.
    pub(crate) listed_after: Duration,
    /// How long instances take to stop and to terminate, where that is longer than usual.
    pub(crate) slow_end: Option<Duration>,
    /// The state machine's own limit, where it is short enough to matter.
    pub(crate) machine_timeout: Option<Duration>,
    /// Whether the deployment covers [`OTHER_REGION`], too.
    pub(crate) other_region: bool,
    /// Whether there is an instance of ours whose execution never existed.
    pub(crate) orphan: bool,
    pub(crate) executions: Vec<Scenario>,
}

/// One execution: its document, and what will become of it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) image: String,
    pub(crate) key: String,
    pub(crate) document: Value,
    pub(crate) timeout_s: u32,
    pub(crate) attempts: u32,
    pub(crate) checked: bool,
    /// Whether an object of yesterday's run is there already.
    pub(crate) stale_output: bool,
    pub(crate) starts_after: Duration,
    pub(crate) abort: Option<Abort>,
    /// What happens to the nth instance; the last one holds for all that follow.
    pub(crate) lives: Vec<Life>,
}

/// When an execution is aborted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Abort {
    /// So long after its start.
    After(Duration),
    /// So long after EC2 got the launch of its nth instance, counted from 1.
    InLaunch(usize, Duration),
}

/// What happens on one instance.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    /// From running to an agent that is online; `None` is never.
    pub(crate) agent_after: Option<Duration>,
    /// How long the script runs, if it is let.
    pub(crate) runs_for: Duration,
    pub(crate) exit_code: i32,
    pub(crate) writes_output: bool,
    /// Whether the script can claim its attempt on the instance's disk.
    pub(crate) claim_holds: bool,
    /// What befalls the instance, so long after what.
    pub(crate) fate: Option<(Since, Duration, Fate)>,
    /// How long EC2 refuses to stop or to terminate it, from the first time that it is asked.
    pub(crate) resists_for: Option<Duration>,
}

/// What a fate follows on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// The agent is online: the commands may be on their way, or not.
    Online,
    /// The script began.
    Begun,
}

impl Plan {
    pub(crate) fn draw(rng: &mut Rng, executions: usize) -> Self {
        // Either the script's claim or the list of commands may fail a schedule, not both: together they are the
        // guarantee that commands run once.
        let claims_hold = rng.f64() < 0.7;
        let visible_after = if rng.bool() { seconds(rng, 0..30) } else { Duration::ZERO };
        let listed_after = if claims_hold && rng.f64() < 0.3 { seconds(rng, 1..20) } else { Duration::ZERO };
        let mix = Mix::draw(rng);
        // A day in the dark is as dark as an hour, and takes longer.
        let timeouts: &[u32] =
            if mix.is_dark() { &[60, 600] } else { &[60, 60, 600, 600, 600, 3_600, 3_600, 86_400] };
        let other_region = rng.f64() < 0.25;
        let draw = |index| Scenario::draw(rng, index, timeouts, claims_hold, other_region);
        let executions: Vec<_> = (0..executions).map(draw).collect();
        let limit = executions.iter().map(Scenario::limit).max().unwrap_or_default();
        Self {
            mix,
            visible_after,
            listed_after,
            slow_end: (rng.f64() < 0.1).then(|| seconds(rng, 60..1_200)),
            machine_timeout: (rng.f64() < 0.05).then(|| Duration::from_secs(5) + limit.mul_f64(rng.f64())),
            other_region,
            orphan: rng.f64() < 0.1,
            executions,
        }
    }

    pub(crate) fn of_image(&self, image: &str) -> Option<usize> {
        self.executions.iter().position(|scenario| scenario.image == image)
    }

    /// For how long an instance may withstand its end, at most.
    pub(crate) fn resistance(&self) -> Duration {
        let lives = self.executions.iter().flat_map(|scenario| &scenario.lives);
        let refusal = lives.filter_map(|life| life.resists_for).max().unwrap_or_default();
        refusal + self.slow_end.unwrap_or_default()
    }
}

impl Scenario {
    fn draw(rng: &mut Rng, index: usize, limits: &[u32], claims_hold: bool, other_region: bool) -> Self {
        let image = format!("ami-0{index:015x}1");
        let key = format!("run-{index}/out");
        let timeout_s = rng.choice(limits).copied().unwrap_or(600);
        let retries = rng.u32(0..3);
        let (checked, spot) = (rng.f64() < 0.7, rng.f64() < 0.3 && retries > 0);
        let mut document = json!({
            "commands": ["true"],
            "run_options": {
                "ii_terminate_instance": rng.bool(),
                "ii_delete_volume": rng.bool(),
                "ii_cheapo": spot,
                "timeout_s": timeout_s,
                "n_retries_allowed": retries,
                "fail_execution": rng.bool(),
            },
            "instance_parameters": {
                "ImageId": image,
                "InstanceType": "t4g.nano",
                "IamInstanceProfile": { "Name": "ec2-ops-Instance" },
                "BlockDeviceMappings": [
                    { "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 8, "DeleteOnTermination": rng.bool() } },
                ],
            },
        });
        if checked {
            document["bucket"] = BUCKET.into();
            document["obj_key"] = key.as_str().into();
        }
        if other_region && rng.bool() {
            document["region"] = OTHER_REGION.into();
        }
        Self {
            image,
            key,
            document,
            timeout_s,
            attempts: retries + 1,
            checked,
            stale_output: rng.f64() < 0.3,
            starts_after: seconds(rng, 0..120),
            abort: (rng.f64() < 0.2).then(|| Abort::draw(rng, timeout_s, retries)),
            lives: (0..=retries).map(|_| Life::draw(rng, timeout_s, claims_hold, spot)).collect(),
        }
    }

    pub(crate) fn life(&self, ordinal: usize) -> Option<&Life> {
        self.lives.get(ordinal).or_else(|| self.lives.last())
    }

    /// The limit on its commands.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_secs(self.timeout_s.into())
    }

    /// Whether it runs in another region than its state machine.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.document["region"] == OTHER_REGION
    }
}

impl Abort {
    fn draw(rng: &mut Rng, timeout_s: u32, retries: u32) -> Self {
        match rng.u8(0..4) {
            0 => Self::After(seconds(rng, 0..60)),
            1 => Self::After(Duration::from_secs(timeout_s.into()).mul_f64(rng.f64())),
            _ => {
                let nth = usize::try_from(rng.u32(0..=retries)).unwrap_or_default() + 1;
                Self::InLaunch(nth, seconds(rng, 0..20))
            }
        }
    }
}

impl Life {
    fn draw(rng: &mut Rng, timeout_s: u32, claims_hold: bool, spot: bool) -> Self {
        let limit = Duration::from_secs(timeout_s.into());
        let share = if rng.f64() < 0.1 { 2.0 } else { rng.f64() * 0.9 };
        Self {
            agent_after: agent_after(rng),
            runs_for: limit.mul_f64(share),
            exit_code: if rng.f64() < 0.2 { rng.i32(1..128) } else { 0 },
            writes_output: rng.f64() < 0.85,
            claim_holds: claims_hold,
            fate: fate(rng, limit, spot),
            resists_for: (rng.f64() < 0.07).then(|| seconds(rng, 30..1_200)),
        }
    }

    /// The life of an instance that no plan has foreseen.
    pub(crate) fn dull() -> Self {
        Self {
            agent_after: None,
            runs_for: Duration::ZERO,
            exit_code: 0,
            writes_output: false,
            claim_holds: true,
            fate: None,
            resists_for: None,
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

/// What can befall an instance while its commands run.
const LATE: [Fate; 4] = [Fate::Vanishes, Fate::StoppedFromOutside, Fate::Reboots, Fate::AgentDies];
/// What can befall an instance that is about to get its commands.
const EARLY: [Fate; 5] =
    [Fate::Vanishes, Fate::StoppedFromOutside, Fate::Reboots, Fate::AgentDies, Fate::AgentPauses];

/// What befalls one instance in three, and half of those that are bought as Spot; and when.
fn fate(rng: &mut Rng, limit: Duration, spot: bool) -> Option<(Since, Duration, Fate)> {
    let (early, late) = (seconds(rng, 0..15), limit.mul_f64(rng.f64()));
    match rng.f64() {
        ..0.1 => rng.choice(&EARLY).map(|fate| (Since::Online, early, *fate)),
        0.1..0.35 => rng.choice(&LATE).map(|fate| (Since::Begun, late, *fate)),
        0.35..0.6 if spot => Some((Since::Begun, late, Fate::SpotInterruption)),
        _ => None,
    }
}

fn seconds(rng: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range.start * 1000..range.end * 1000))
}
