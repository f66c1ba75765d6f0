//! EC2StarterFromAMI: launches one instance per attempt, however often the step is retried.
//!
//! The function serves two states. The state of its own name launches; `Boot` waits for the instance ([`boot`]). So a
//! throttled launch repeats only the launch, and the wait knows the instance's id.

use serde::Deserialize;
use serde_json::Value;

use crate::boot;
use crate::deployment::Deployment;
use crate::document::{
    InstanceMarketOptions, InstanceParameters, Job, MarketType, Problem, Problems, SpotInstanceType,
    SpotInterruptionBehavior, SpotOptions, Tag, TagSpecification, TaggedResource,
};
use crate::error::Error;
use crate::ids::{AttemptId, Region};
use crate::outcome::AttemptRecord;
use crate::ports::{Agents, Instances, Launch, Objects, ShutdownBehavior};
use crate::status::Status;
use crate::step::{Context, InstanceSection, Market, read, write};
use crate::tags::{self, OnEnd, Tags};

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
    },
    /// From the state `Boot`.
    Boot {
        #[serde(flatten)]
        context: Context,
        instance: InstanceSection,
    },
}

/// Launches the attempt's instance, or checks whether it has booted.
///
/// # Errors
/// Why there is no instance; in `Boot`, why it cannot take commands yet.
pub async fn handle(
    payload: Value,
    deployment: &Deployment,
    instances: &impl Instances,
    agents: &impl Agents,
    objects: &impl Objects,
) -> Result<Value, Error> {
    match read(payload)? {
        Payload::Launch { context, attempts } => {
            let launched = launch(&context, &attempts, deployment, instances, objects).await;
            launched.map_err(|error| if context.is_first_try() { error.of_first_try() } else { error })
        }
        Payload::Boot { context, instance } => boot::check(&context, &instance, instances, agents).await,
    }
}

/// Launches the instance. A retry has the same client token, so it finds the instance that an earlier try launched.
async fn launch(
    context: &Context,
    before: &[AttemptRecord],
    deployment: &Deployment,
    instances: &impl Instances,
    objects: &impl Objects,
) -> Result<Value, Error> {
    let job = context.job()?;
    let region = deployment.region_of(&job)?;
    let market = market(&job, context, before);
    check_bucket(&job, &region, objects).await?;
    let launch = plan(&job, &context.attempt_id(), deployment, &region, market);
    let instance = instances.launch(&region, &launch).await.map_err(Error::launch)?;
    // Without a LaunchTime, nothing says that the attempt queued.
    let launched_at = instance.launched_at.unwrap_or(context.attempt.started);
    write(&InstanceSection { id: instance.id, region, market, launched_at })
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

/// Spot if the document asks for it; on demand for the last attempt and after a capacity error.
fn market(job: &Job, context: &Context, before: &[AttemptRecord]) -> Market {
    let last = context.attempt.number >= job.attempts_allowed;
    let no_capacity = before.iter().any(|attempt| attempt.status == Status::CapacityUnavailable);
    if job.instance.instance_market_options.is_some() || (job.spot_first && !last && !no_capacity) {
        Market::Spot
    } else {
        Market::OnDemand
    }
}

/// The launch. It is a pure function of its arguments: a retry with the same token must have the same parameters.
fn plan(job: &Job, attempt: &AttemptId, deployment: &Deployment, region: &Region, market: Market) -> Launch {
    // A one-time Spot instance cannot be stopped.
    let on_end = OnEnd { terminate: job.on_end.terminate || market == Market::Spot, ..job.on_end };
    let subnet_id = job.instance.subnet_id.as_ref().and_then(|subnets| subnets.as_slice().first());
    let instance_type = job.instance.instance_type.as_slice().first().map_or("", String::as_str);
    let mut parameters = job.instance.choose(instance_type, subnet_id.map(String::as_str));
    if let Some(defaults) = deployment.instance_defaults.get(region) {
        defaults.complete(&mut parameters, attempt);
    }
    tag(&mut parameters, &tags::of_attempt(attempt, &deployment.name, on_end));
    if market == Market::Spot && parameters.instance_market_options.is_none() {
        parameters.instance_market_options = Some(spot_at_the_on_demand_price());
    }
    Launch {
        client_token: attempt.client_token(market.as_str()),
        parameters,
        shutdown_behavior: if on_end.terminate {
            ShutdownBehavior::Terminate
        } else {
            ShutdownBehavior::Stop
        },
    }
}

/// Without `MaxPrice` the on-demand price is the cap. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SpotMarketOptions.html>.
fn spot_at_the_on_demand_price() -> InstanceMarketOptions {
    InstanceMarketOptions {
        market_type: Some(MarketType::Spot),
        spot_options: Some(SpotOptions {
            max_price: None,
            spot_instance_type: Some(SpotInstanceType::OneTime),
            instance_interruption_behavior: Some(SpotInterruptionBehavior::Terminate),
        }),
    }
}

/// Adds our tags to those of the document, on the instance and on its volumes.
fn tag(parameters: &mut InstanceParameters, ours: &Tags) {
    let specifications = parameters.tag_specifications.get_or_insert_with(Vec::new);
    for resource_type in [TaggedResource::Instance, TaggedResource::Volume] {
        let ours = ours.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
        match specifications.iter_mut().find(|specification| specification.resource_type == resource_type) {
            Some(specification) => specification.tags.extend(ours),
            None => specifications.push(TagSpecification { resource_type, tags: ours.collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::InstanceDefaults;
    use crate::fakes::{FakeAws, deployment};
    use crate::ids::ExecutionId;
    use serde_json::json;

    fn context(attempt: u32, options: &Value, extra: &Value) -> (Context, Job) {
        let mut instance = json!({ "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" });
        if let (Value::Object(instance), Value::Object(extra)) = (&mut instance, extra.clone()) {
            instance.extend(extra);
        }
        let context: Context = read(json!({
            "execution": { "id": "arn:x:run-7", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": attempt, "started": "2026-03-01T05:30:00Z" },
            "document": { "commands": ["true"], "run_options": options, "instance_parameters": instance },
        }))
        .unwrap();
        let job = context.job().unwrap();
        (context, job)
    }

    fn planned(extra: &Value, market: Market) -> Launch {
        let (_, job) = context(1, &json!({}), extra);
        let attempt = AttemptId { execution: ExecutionId::new("arn:x:run-7"), attempt: 1 };
        plan(&job, &attempt, &deployment(), &Region::new("us-east-1"), market)
    }

    /// RunChecker would be refused as well, once the commands have ended, hours later.
    #[tokio::test]
    async fn nothing_is_launched_for_an_output_that_may_not_be_read() {
        let payload = json!({
            "execution": { "id": "arn:x:run-7", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
            "step": "launch",
            "retry": 0,
            "attempts": [],
            "document": {
                "commands": ["true"],
                "bucket": "not-ours",
                "obj_key": "out",
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            },
        });
        let aws = FakeAws { failing: Some(("HeadBucket", "Http403")), ..FakeAws::default() };
        let refusal = handle(payload, &deployment(), &aws, &aws, &aws).await.unwrap_err();
        assert_eq!(refusal.name(), "Refused");
        assert_eq!(aws.calls(), Vec::<String>::new());
    }

    /// The first try of a redriven execution is none: the redrive may repeat a launch whose answer was lost.
    #[tokio::test]
    async fn only_the_first_try_of_a_launch_says_that_nothing_was_launched() {
        for (retry, redrives, says_so) in [(0, 0, true), (1, 0, false), (0, 1, false)] {
            let payload = json!({
                "execution": { "id": "arn:x:run-7", "started": "2026-03-01T05:30:00Z" },
                "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
                "step": "launch",
                "retry": retry,
                "redrives": redrives,
                "attempts": [],
                "document": {
                    "commands": ["true"],
                    "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
                },
            });
            let aws =
                FakeAws { failing: Some(("RunInstances", "InvalidAMIID.NotFound")), ..FakeAws::default() };
            let error = handle(payload, &deployment(), &aws, &aws, &aws).await.unwrap_err();
            assert_eq!(error.name(), "LaunchFailed");
            assert_eq!(error.report().is_of_first_try(), says_so, "retry {retry}, redrives {redrives}");
        }
    }

    #[tokio::test]
    async fn a_payload_that_names_no_state_of_the_function_is_refused() {
        let aws = FakeAws::default();
        for (payload, message) in [
            (json!({}), "missing field `step`"),
            (json!({ "step": "Boot" }), "unknown variant `Boot`, expected `launch` or `boot`"),
            (json!({ "step": "launch" }), "missing field `attempts`"),
        ] {
            let error = handle(payload, &deployment(), &aws, &aws, &aws).await.unwrap_err();
            assert_eq!(error.to_string(), format!("internal error: unexpected payload: {message}"));
        }
        assert_eq!(aws.calls(), Vec::<String>::new());
    }

    #[test]
    fn spot_is_tried_until_the_last_attempt_or_a_capacity_error() {
        let cheap = json!({ "ii_cheapo": true, "n_retries_allowed": 2 });
        let spot = json!({ "InstanceMarketOptions": { "MarketType": "spot" } });
        let no_capacity: AttemptRecord = serde_json::from_value(json!({
            "attempt": 1, "status": "CapacityUnavailable", "instances": [],
            "started_at": "2026-03-01T05:30:00Z", "ended_at": "2026-03-01T05:30:00Z",
        }))
        .unwrap();
        let interrupted = AttemptRecord { status: Status::SpotInterrupted, ..no_capacity.clone() };
        for (attempt, options, extra, before, expected) in [
            (1, json!({}), json!({}), vec![], Market::OnDemand),
            (1, cheap.clone(), json!({}), vec![], Market::Spot),
            (2, cheap.clone(), json!({}), vec![interrupted.clone()], Market::Spot),
            (2, cheap.clone(), json!({}), vec![no_capacity.clone()], Market::OnDemand),
            (3, cheap.clone(), json!({}), vec![interrupted.clone(), interrupted], Market::OnDemand),
            (1, json!({ "ii_cheapo": true }), json!({}), vec![], Market::OnDemand),
            (3, cheap, spot, vec![no_capacity], Market::Spot),
        ] {
            let (context, job) = context(attempt, &options, &extra);
            assert_eq!(market(&job, &context, &before), expected, "attempt {attempt} after {before:?}");
        }
    }

    #[test]
    fn a_launch_is_completed_by_the_defaults_of_its_own_region() {
        let (_, job) = context(1, &json!({}), &json!({}));
        let attempt = AttemptId { execution: ExecutionId::new("arn:x:run-7"), attempt: 1 };
        let defaults =
            InstanceDefaults { subnet_ids: vec!["subnet-a".to_owned()], ..InstanceDefaults::default() };
        let east = Region::new("us-east-1");
        let mut deployment = deployment();
        deployment.instance_defaults.insert(east.clone(), defaults);
        let subnet =
            |region| plan(&job, &attempt, &deployment, region, Market::OnDemand).parameters.subnet_id;
        assert_eq!(subnet(&east).as_deref(), Some("subnet-a"));
        assert_eq!(subnet(&Region::new("us-west-2")), None);
    }

    #[test]
    fn a_repeated_launch_is_the_same_byte_for_byte() {
        let bytes = || {
            let launch = planned(&json!({ "KeyName": "k" }), Market::Spot);
            (launch.client_token, serde_json::to_string(&launch.parameters).unwrap())
        };
        assert_eq!(bytes(), bytes());
    }

    #[test]
    fn the_instance_and_its_volumes_carry_our_tags_beside_the_documents_own() {
        let own = json!([{ "ResourceType": "instance", "Tags": [{ "Key": "Name", "Value": "mine" }] }]);
        let launch = planned(&json!({ "TagSpecifications": own }), Market::OnDemand);
        let specifications = launch.parameters.tag_specifications.unwrap();
        let keys = |i: usize| {
            let tags: &[Tag] = &specifications[i].tags;
            tags.iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>()
        };
        let ours = tags::KEYS;
        assert_eq!(specifications.len(), 2);
        assert_eq!(keys(0), [&["Name"], &ours[..]].concat());
        assert_eq!(keys(1), ours);
    }

    #[test]
    fn metadata_and_volumes_are_protected_unless_the_document_says_otherwise() {
        let mappings = json!([
            { "DeviceName": "/dev/sdf", "Ebs": { "VolumeSize": 8 } },
            { "DeviceName": "/dev/sdg", "Ebs": { "Encrypted": false } },
        ]);
        let plain = planned(&json!({ "BlockDeviceMappings": mappings }), Market::OnDemand).parameters;
        let metadata = plain.metadata_options.unwrap();
        assert_eq!(metadata.http_tokens.as_deref(), Some("required"));
        assert_eq!(metadata.http_put_response_hop_limit, Some(2));
        let encrypted =
            plain.block_device_mappings.into_iter().flatten().map(|mapping| mapping.ebs.unwrap().encrypted);
        assert_eq!(encrypted.collect::<Vec<_>>(), [Some(true), Some(false)]);
        let own = json!({ "MetadataOptions": { "HttpTokens": "optional", "HttpPutResponseHopLimit": 1 } });
        let metadata = planned(&own, Market::OnDemand).parameters.metadata_options.unwrap();
        assert_eq!(metadata.http_tokens.as_deref(), Some("optional"));
        assert_eq!(metadata.http_put_response_hop_limit, Some(1));
    }

    #[test]
    fn a_spot_instance_is_terminated_since_it_cannot_be_stopped() {
        let on_end = |launch: &Launch| {
            let specifications = launch.parameters.tag_specifications.as_ref().unwrap();
            let tag = specifications[0].tags.iter().find(|tag| tag.key == tags::ON_END).unwrap();
            (tag.value.clone(), launch.shutdown_behavior)
        };
        let spot = planned(&json!({}), Market::Spot);
        assert_eq!(on_end(&spot), ("terminate".to_owned(), ShutdownBehavior::Terminate));
        assert_eq!(spot.parameters.instance_market_options, Some(spot_at_the_on_demand_price()));
        let on_demand = planned(&json!({}), Market::OnDemand);
        assert_eq!(on_end(&on_demand), ("stop".to_owned(), ShutdownBehavior::Stop));
        assert_eq!(on_demand.parameters.instance_market_options, None);
    }
}
