//! EC2StarterFromAMI: launches one instance per attempt, however often the step is retried.
//!
//! The function serves three states. The state of its own name launches; `Boot` waits for the instance ([`boot`]). So a
//! throttled launch repeats only the launch, and the wait knows the instance's id. `Inputs` waits for inputs that the launch
//! found missing ([`inputs`]), so that the time of the launch's own waits begins after that.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::deployment::Deployment;
use crate::document::{Job, Problem, Problems};
use crate::error::Error;
use crate::ids::Region;
use crate::launch::{Visit, candidates, plan, refusal};
use crate::outcome::AttemptRecord;
use crate::ports::{Agents, Clock, Instances, Objects};
use crate::step::{Context, InstanceSection, QUEUED_AFTER, read, write};
use crate::{boot, inputs};

/// What EC2StarterFromAMI is invoked with: a variant for each of its states.
#[derive(Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
enum Payload {
    /// From the state `EC2StarterFromAMI`.
    Launch {
        #[serde(flatten)]
        context: Context,
        /// The records of the attempts before this one.
        attempts: Vec<AttemptRecord>,
        /// The number of the candidate to launch, counted from 0.
        candidate: usize,
        /// When the state was entered, for this candidate.
        entered: Timestamp,
    },
    /// From the state `Inputs`.
    Inputs {
        #[serde(flatten)]
        context: Context,
    },
    /// From the state `Boot`.
    Boot {
        #[serde(flatten)]
        context: Context,
        instance: InstanceSection,
    },
}

/// Launches the attempt's instance, or checks whether its inputs exist, or whether it has booted.
///
/// # Errors
/// Why there is no instance; in `Boot`, why it cannot take commands yet; in `Inputs`, which input is missing.
pub async fn handle(
    payload: Value,
    deployment: &Deployment,
    clock: &impl Clock,
    instances: &impl Instances,
    agents: &impl Agents,
    objects: &impl Objects,
) -> Result<Value, Error> {
    match read(payload)? {
        Payload::Launch { context, attempts, candidate, entered } => {
            let task = Task { context, attempts, number: candidate, entered };
            let launched = launch(&task, deployment, clock, instances, objects).await;
            launched.map_err(|error| if task.is_first_try() { error.of_first_try() } else { error })
        }
        Payload::Inputs { context } => {
            let job = context.job()?;
            let region = deployment.region_of(&job)?;
            inputs::check(&job, &region, context.attempt.started, clock, objects).await?;
            Ok(Value::Null)
        }
        Payload::Boot { context, instance } => boot::check(&context, &instance, instances, agents).await,
    }
}

/// The launch of one candidate.
struct Task {
    context: Context,
    /// The records of the attempts before this one.
    attempts: Vec<AttemptRecord>,
    /// The candidate's number, counted from 0.
    number: usize,
    entered: Timestamp,
}

impl Task {
    /// Whether nothing of the attempt can have been launched before: no try of this candidate, and none of another one.
    fn is_first_try(&self) -> bool {
        self.context.is_first_try() && self.number == 0
    }
}

/// Launches the candidate. A retry has the same client token, so it finds the instance that an earlier try launched.
async fn launch(
    Task { context, attempts, number, entered }: &Task,
    deployment: &Deployment,
    clock: &impl Clock,
    instances: &impl Instances,
    objects: &impl Objects,
) -> Result<Value, Error> {
    let job = context.job()?;
    let region = deployment.region_of(&job)?;
    deployment.check_topic(&job)?;
    let attempt = context.attempt_id();
    let all = candidates(&job, deployment, &region, &attempt, attempts);
    let [candidate, later @ ..] = all.get(*number..).unwrap_or_default() else {
        return Err(Error::InternalError(format!("candidate {number} of {}", all.len())));
    };
    deployment.check_allowed(&job)?;
    check_bucket(&job, &region, objects).await?;
    inputs::check(&job, &region, context.attempt.started, clock, objects).await?;
    let launch = plan(&job, &attempt, deployment, &region, candidate, *number);
    let launched = instances.launch(&region, &launch).await.map_err(|error| {
        let waited = clock.now().duration_since(*entered);
        refusal(error, &Visit { later, waited, launch_timeout_s: job.launch_timeout_s })
    })?;
    // Without a LaunchTime, nothing says that the launch queued.
    let launched_at = launched.launched_at.unwrap_or(*entered);
    let queued = launched_at.duration_since(*entered) > QUEUED_AFTER;
    write(&InstanceSection { id: launched.id, region, market: candidate.market, launched_at, queued })
}

/// Refuses an output in a bucket that does not exist, before anything is launched.
async fn check_bucket(job: &Job, region: &Region, objects: &impl Objects) -> Result<(), Error> {
    let Some(output) = &job.output else { return Ok(()) };
    if objects.bucket_exists(region, output.target.bucket()).await? {
        return Ok(());
    }
    let message = format!("the bucket {:?} does not exist", output.target.bucket());
    Err(Error::InvalidExecution(Problems(vec![Problem::new(output.bucket_path, message)])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{FakeAws, deployment};
    use serde_json::json;

    #[tokio::test]
    async fn a_topic_that_the_deployment_does_not_allow_is_refused_before_any_call() {
        let launch = async |topics: &[&str]| {
            let mut payload = payload();
            payload["document"] = json!({
                "commands": ["true"],
                "run_options": { "notify": "team" },
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            });
            let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
            let deployment = Deployment { topics, ..deployment() };
            let aws = FakeAws::default();
            let launched = handle(payload, &deployment, &aws, &aws, &aws, &aws).await;
            (launched.map_err(|error| error.to_string()), aws.calls())
        };
        let (refused, calls) = launch(&["ops", "teams"]).await;
        let refused = refused.unwrap_err();
        assert!(
            refused.contains(
                "$.run_options.notify: found \"team\", expected a topic of this deployment: ops, teams"
            ),
            "{refused}"
        );
        assert_eq!(calls, Vec::<String>::new());
        assert!(launch(&[]).await.0.unwrap_err().contains("this deployment allows none"));
        assert!(launch(&["ops", "team"]).await.0.is_ok());
    }

    /// The first visit of an attempt with an output.
    fn payload() -> Value {
        json!({
            "execution": { "id": "arn:x:run-7", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
            "step": "launch",
            "retry": 0,
            "attempts": [],
            "candidate": 0,
            "entered": "2026-03-01T05:30:00Z",
            "document": {
                "commands": ["true"],
                "bucket": "not-ours",
                "obj_key": "out",
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            },
        })
    }

    #[tokio::test]
    async fn nothing_is_launched_that_the_deployment_does_not_allow() {
        let aws = FakeAws::default();
        let allowed = crate::Allowed { instance_types: Some(vec!["m8g.*".to_owned()]), ..Default::default() };
        let deployment = Deployment { allowed, ..deployment() };
        let error = handle(payload(), &deployment, &aws, &aws, &aws, &aws).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidExecution, "{error}");
        assert!(error.to_string().contains("$.instance_parameters.InstanceType"), "{error}");
        assert_eq!(aws.calls(), [""; 0]);
    }

    /// RunChecker would be refused as well, once the commands have ended, hours later.
    #[tokio::test]
    async fn nothing_is_launched_for_an_output_that_may_not_be_read() {
        let payload = payload();
        let aws = FakeAws { failing: Some(("HeadBucket", "Http403")), ..FakeAws::default() };
        let refusal = handle(payload, &deployment(), &aws, &aws, &aws, &aws).await.unwrap_err();
        assert_eq!(refusal.name(), "Refused");
        assert_eq!(aws.calls(), Vec::<String>::new());
    }

    /// The first try of a redriven execution is none: the redrive may repeat a launch whose answer was lost.
    #[tokio::test]
    async fn only_the_first_try_of_a_launch_says_that_nothing_was_launched() {
        for (retry, redrives, candidate, says_so) in
            [(0, 0, 0, true), (1, 0, 0, false), (0, 1, 0, false), (0, 0, 1, false)]
        {
            let payload = json!({
                "execution": { "id": "arn:x:run-7", "started": "2026-03-01T05:30:00Z" },
                "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
                "step": "launch",
                "retry": retry,
                "redrives": redrives,
                "attempts": [],
                "candidate": candidate,
                "entered": "2026-03-01T05:30:00Z",
                "document": {
                    "commands": ["true"],
                    "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": ["t4g.nano", "t4g.micro"] },
                },
            });
            let aws =
                FakeAws { failing: Some(("RunInstances", "InvalidAMIID.NotFound")), ..FakeAws::default() };
            let error = handle(payload, &deployment(), &aws, &aws, &aws, &aws).await.unwrap_err();
            assert_eq!(error.name(), "LaunchFailed");
            assert_eq!(
                error.report().is_of_first_try(),
                says_so,
                "retry {retry}, redrives {redrives}, candidate {candidate}"
            );
        }
    }

    #[tokio::test]
    async fn a_payload_that_names_no_state_of_the_function_is_refused() {
        let aws = FakeAws::default();
        for (payload, message) in [
            (json!({}), "missing field `step`"),
            (json!({ "step": "Boot" }), "unknown variant `Boot`, expected one of `launch`, `inputs`, `boot`"),
            (json!({ "step": "launch" }), "missing field `attempts`"),
        ] {
            let error = handle(payload, &deployment(), &aws, &aws, &aws, &aws).await.unwrap_err();
            assert_eq!(error.to_string(), format!("internal error: unexpected payload: {message}"));
        }
        assert_eq!(aws.calls(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn nothing_is_launched_before_its_inputs_exist() {
        let mut payload = json!({
            "execution": { "id": "arn:x:run-7", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
            "step": "launch",
            "attempts": [],
            "candidate": 0,
            "entered": "2026-03-01T05:30:00Z",
            "document": {
                "commands": ["true"],
                "inputs": [{ "bucket": "b-1", "key": "in" }],
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            },
        });
        let aws = FakeAws::default();
        let error = handle(payload.clone(), &deployment(), &aws, &aws, &aws, &aws).await.unwrap_err();
        assert_eq!((error.name(), aws.calls()), ("InputMissing", Vec::new()));
        payload["document"]["run_options"] = json!({ "inputs_timeout_s": 7_200 });
        let error = handle(payload.clone(), &deployment(), &aws, &aws, &aws, &aws).await.unwrap_err();
        assert_eq!((error.name(), aws.calls()), ("InputsPending", Vec::new()));
        payload["document"]["inputs"] = json!([]);
        handle(payload, &deployment(), &aws, &aws, &aws, &aws).await.unwrap();
        assert_eq!(aws.calls(), ["RunInstances ami-0123456789abcdef0"]);
    }
}
