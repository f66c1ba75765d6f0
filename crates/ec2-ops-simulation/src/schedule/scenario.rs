//! One execution of a schedule.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::instance::{InstanceScenario, seconds};

/// The bucket that all executions write to.
pub(crate) const BUCKET: &str = "output";
/// The parameter that holds the images: its nth version that of the nth execution, counted from 1. The rendered policies allow it.
pub(crate) const IMAGES: &str = "/my/image";
/// The region that some deployments cover beside their own.
pub(crate) const OTHER_REGION: &str = "us-west-2";

/// One execution: its document, and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The image of its instances, by which they are known.
    pub(crate) image: String,
    /// The key of its output.
    pub(crate) key: String,
    pub(crate) document: Value,
    pub(crate) timeout_s: u32,
    /// How many attempts the document allows.
    pub(crate) attempts: u32,
    /// Whether the document asks for a check of the output.
    pub(crate) checked: bool,
    /// What must exist before anything is launched.
    pub(crate) input: Option<InputScenario>,
    /// Whether the bucket has an object of an earlier run.
    pub(crate) stale_output: bool,
    pub(crate) starts_after: Duration,
    pub(crate) abort: Option<Abort>,
    /// How long after its end from outside a person redrives it.
    pub(crate) redrive: Option<Duration>,
    /// What happens on the nth instance, and on all after the last.
    pub(crate) instances: Vec<InstanceScenario>,
}

/// The input of an execution.
#[derive(Clone, Debug)]
pub(crate) struct InputScenario {
    pub(crate) key: String,
    /// From the start of the execution. `None`: it never appears.
    pub(crate) appears_after: Option<Duration>,
    /// `inputs_timeout_s`.
    pub(crate) timeout: Duration,
}

/// When an execution is aborted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Abort {
    /// This long after its start.
    After(Duration),
    /// This long after EC2 received the launch of its nth instance, counted from 1.
    InLaunch(usize, Duration),
}

impl Scenario {
    pub(super) fn draw(
        rng: &mut Rng,
        index: usize,
        limits: &[u32],
        claims_hold: bool,
        other_region: bool,
    ) -> Self {
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
        // Draws of their own: what they decide leaves everything else about a seed as it is.
        let mut choices = Rng::with_seed(rng.clone().u64(..));
        choose_candidates(&mut choices, &mut document);
        let input = InputScenario::draw(&mut choices, index, &mut document);
        if choices.f64() < 0.2 {
            document["run_options"]["retry_on"] = json!(["SpotInterrupted", "InstanceLost", "InternalError"]);
        }
        if choices.f64() < 0.1 {
            document["instance_parameters"]["ImageId"] = format!("resolve:ssm:{IMAGES}:{}", index + 1).into();
        }
        let redrive = (choices.f64() < 0.3).then(|| seconds(&mut choices, 0..1_200));
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
            input,
            stale_output: rng.f64() < 0.3,
            starts_after: seconds(rng, 0..120),
            abort: (rng.f64() < 0.2).then(|| Abort::draw(rng, timeout_s, retries)),
            redrive,
            instances: (0..=retries)
                .map(|_| InstanceScenario::draw(rng, timeout_s, claims_hold, spot))
                .collect(),
        }
    }

    /// What happens on its nth instance, counted from 0.
    pub(crate) fn instance(&self, ordinal: usize) -> InstanceScenario {
        self.instances.get(ordinal).or(self.instances.last()).cloned().unwrap_or_default()
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

/// Several types, several subnets, or both, in four of ten documents.
fn choose_candidates(rng: &mut Rng, document: &mut Value) {
    let instance = &mut document["instance_parameters"];
    if rng.f64() < 0.3 {
        instance["InstanceType"] = json!(["t4g.nano", "t4g.micro"]);
    }
    if rng.f64() < 0.2 {
        instance["SubnetId"] = json!(["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]);
    }
}

impl InputScenario {
    /// The input of one document in seven, which then names it.
    fn draw(rng: &mut Rng, index: usize, document: &mut Value) -> Option<Self> {
        if rng.f64() >= 0.15 {
            return None;
        }
        let key = format!("run-{index}/in");
        let timeout = if rng.bool() { Duration::ZERO } else { Duration::from_hours(1) };
        document["inputs"] = json!([{ "bucket": BUCKET, "key": key }]);
        document["run_options"]["inputs_timeout_s"] = timeout.as_secs().into();
        let appears_after = match rng.f64() {
            ..0.4 => Some(Duration::ZERO),
            0.4..0.9 => Some(seconds(rng, 1..4_000)),
            _ => None,
        };
        Some(Self { key, appears_after, timeout })
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
