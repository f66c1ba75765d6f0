//! What a seed decides in advance: the documents, what their commands do, what befalls the instances.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::faults::Mix;

/// The bucket that all executions write to.
pub(super) const BUCKET: &str = "output";

/// Everything that is decided before the first call.
pub(super) struct Plan {
    pub(super) mix: Mix,
    /// How long a fresh instance stays unseen by Describe.
    pub(super) visible_after: Duration,
    /// How long a fresh command stays unseen by ListCommands.
    pub(super) listed_after: Duration,
    pub(super) executions: Vec<Scenario>,
}

/// One execution: its document, and what will become of it.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) image: String,
    pub(super) key: String,
    pub(super) document: Value,
    pub(super) timeout_s: u32,
    pub(super) attempts: u32,
    pub(super) checked: bool,
    /// Whether an object of yesterday's run is there already.
    pub(super) stale_output: bool,
    pub(super) starts_after: Duration,
    pub(super) aborted_after: Option<Duration>,
    /// What happens to the nth instance; the last one holds for all that follow.
    pub(super) lives: Vec<Life>,
}

/// What happens on one instance.
#[derive(Clone, Debug)]
pub(super) struct Life {
    /// From running to an agent that is online; `None` is never.
    pub(super) agent_after: Option<Duration>,
    /// How long the script runs, if it is let.
    pub(super) runs_for: Duration,
    pub(super) exit_code: i32,
    pub(super) writes_output: bool,
    /// Whether the script can claim its attempt on the instance's disk.
    pub(super) claim_holds: bool,
    /// What befalls the instance, so long after its script began.
    pub(super) fate: Option<(Duration, Fate)>,
}

/// What can befall an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Vanishes,
    StoppedFromOutside,
    Reboots,
    AgentDies,
    SpotInterruption,
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng, executions: usize) -> Self {
        // Either the script's claim or the list of commands may fail a schedule, not both: together they are the
        // guarantee that commands run once.
        let claims_hold = rng.f64() < 0.7;
        let visible_after = if rng.bool() { seconds(rng, 0..30) } else { Duration::ZERO };
        let listed_after = if claims_hold && rng.f64() < 0.3 { seconds(rng, 1..20) } else { Duration::ZERO };
        let mix = Mix::draw(rng);
        // A day in the dark is as dark as an hour, and takes longer.
        let timeouts: &[u32] =
            if mix.is_dark() { &[60, 600] } else { &[60, 60, 600, 600, 600, 3_600, 3_600, 86_400] };
        let draw = |index| Scenario::draw(rng, index, timeouts, claims_hold);
        let executions = (0..executions).map(draw).collect();
        Self { mix, visible_after, listed_after, executions }
    }

    pub(super) fn of_image(&self, image: &str) -> Option<usize> {
        self.executions.iter().position(|scenario| scenario.image == image)
    }
}

impl Scenario {
    fn draw(rng: &mut Rng, index: usize, limits: &[u32], claims_hold: bool) -> Self {
        let image = format!("ami-0{index:015x}1");
        let key = format!("run-{index}/out");
        let timeout_s = rng.choice(limits).copied().unwrap_or(600);
        let retries = rng.u32(0..3);
        let (checked, spot) = (rng.f64() < 0.7, rng.f64() < 0.3);
        let mut document = json!({
            "commands": ["true"],
            "run_options": {
                "ii_terminate_instance": rng.bool(),
                "ii_delete_volume": rng.bool(),
                "ii_cheapo": spot && retries > 0,
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
        Self {
            image,
            key,
            document,
            timeout_s,
            attempts: retries + 1,
            checked,
            stale_output: rng.f64() < 0.3,
            starts_after: seconds(rng, 0..120),
            aborted_after: (rng.f64() < 0.2).then(|| abort(rng, timeout_s)),
            lives: (0..=retries).map(|_| Life::draw(rng, timeout_s, claims_hold)).collect(),
        }
    }

    pub(super) fn life(&self, ordinal: usize) -> Option<&Life> {
        self.lives.get(ordinal).or_else(|| self.lives.last())
    }
}

impl Life {
    fn draw(rng: &mut Rng, timeout_s: u32, claims_hold: bool) -> Self {
        let limit = Duration::from_secs(timeout_s.into());
        let share = if rng.f64() < 0.1 { 2.0 } else { rng.f64() * 0.9 };
        let fates = [
            Fate::Vanishes,
            Fate::StoppedFromOutside,
            Fate::Reboots,
            Fate::AgentDies,
            Fate::SpotInterruption,
        ];
        let fate = rng.choice(&fates).copied().filter(|_| rng.f64() < 0.25);
        Self {
            agent_after: (rng.f64() < 0.97).then(|| seconds(rng, 1..90)),
            runs_for: limit.mul_f64(share),
            exit_code: if rng.f64() < 0.2 { rng.i32(1..128) } else { 0 },
            writes_output: rng.f64() < 0.85,
            claim_holds: claims_hold,
            fate: fate.map(|fate| (limit.mul_f64(rng.f64()), fate)),
        }
    }
}

/// Some time in the launch, or some time in the run.
fn abort(rng: &mut Rng, timeout_s: u32) -> Duration {
    if rng.bool() { seconds(rng, 0..60) } else { Duration::from_secs(timeout_s.into()).mul_f64(rng.f64()) }
}

fn seconds(rng: &mut Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range.start * 1000..range.end * 1000))
}
