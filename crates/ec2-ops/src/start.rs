//! EC2StarterFromAMI: one instance per attempt, however often the step is repeated.

use serde::Deserialize;
use serde_json::Value;

use crate::deployment::Deployment;
use crate::document::{
    BlockDeviceMapping, InstanceMarketOptions, InstanceParameters, Job, MarketType, MetadataOptions, Problem,
    Problems, SpotInstanceType, SpotInterruptionBehavior, SpotOptions, Tag, TagSpecification, TaggedResource,
};
use crate::error::Error;
use crate::ids::{AttemptId, Region};
use crate::outcome::{AttemptRecord, Status};
use crate::ports::{Agents, Instance, InstanceState, Instances, Launch, Objects, ShutdownBehavior};
use crate::step::{Context, InstanceSection, Market, read, region_of, write};
use crate::tags::{self, OnEnd, Tags};

#[derive(Deserialize)]
struct Payload {
    #[serde(flatten)]
    context: Context,
    /// The records of the attempts before this one.
    attempts: Vec<AttemptRecord>,
}

/// Launches the attempt's instance, or finds it, and answers once it can take commands.
///
/// # Errors
/// [`Error::InstanceNotReady`] while it cannot; the state machine asks again. Otherwise why there is no instance.
pub async fn handle(
    payload: Value,
    deployment: &Deployment,
    instances: &impl Instances,
    agents: &impl Agents,
    objects: &impl Objects,
) -> Result<Value, Error> {
    let Payload { context, attempts } = read(payload)?;
    let job = context.job()?;
    let region = region_of(&job, deployment);
    let market = market(&job, &context, &attempts);
    let attempt = context.attempt_id();

    // The first look is free: nothing can have been launched before the first try.
    let launched = if context.retry == 0 { None } else { find(instances, &region, &attempt).await? };
    let instance = match launched {
        Some(instance) => instance,
        None => {
            check_bucket(&job, &region, objects).await?;
            let launch = plan(&job, &attempt, &deployment.name, market);
            instances.launch(&region, &launch).await.map_err(Error::launch)?
        }
    };
    ready(&instance, &region, agents).await?;
    write(&InstanceSection { id: instance.id, region, market, launched_at: instance.launched_at })
}

/// The instance that an earlier try of this attempt launched. One that is over is still the attempt's only one.
async fn find(
    instances: &impl Instances,
    region: &Region,
    attempt: &AttemptId,
) -> Result<Option<Instance>, Error> {
    let mut wanted = tags::of_execution(&attempt.execution);
    wanted.insert(tags::ATTEMPT.to_owned(), attempt.attempt.to_string());
    Ok(instances.find(region, &wanted).await?.into_iter().next())
}

async fn ready(instance: &Instance, region: &Region, agents: &impl Agents) -> Result<(), Error> {
    let not_ready =
        |state: &str| Error::InstanceNotReady { instance: instance.id.clone(), state: state.to_owned() };
    match instance.state {
        InstanceState::Pending => Err(not_ready("it is pending")),
        InstanceState::Running if agents.online(region, &instance.id).await? => Ok(()),
        InstanceState::Running => Err(not_ready(
            "it is running and its SSM agent is not online; it needs an AMI with the agent, an instance profile that \
             allows it, and a way to the SSM endpoints",
        )),
        over => Err(instance.lost(&format!("it is {over} before it took a command"))),
    }
}

/// A promise that cannot be kept is refused before anything is launched.
async fn check_bucket(job: &Job, region: &Region, objects: &impl Objects) -> Result<(), Error> {
    let Some(output) = &job.output else { return Ok(()) };
    if objects.bucket_exists(region, output.target.bucket()).await? {
        return Ok(());
    }
    let message = format!("the bucket {:?} does not exist", output.target.bucket());
    Err(Error::InvalidExecution(Problems(vec![Problem::new(output.bucket_path, message)])))
}

/// Spot where the document asks for it; on demand for the last attempt and after a capacity error.
fn market(job: &Job, context: &Context, before: &[AttemptRecord]) -> Market {
    let last = context.attempt.number >= job.attempts_allowed;
    let no_capacity = before.iter().any(|attempt| attempt.status == Status::CapacityUnavailable);
    if job.instance.instance_market_options.is_some() || (job.spot_first && !last && !no_capacity) {
        Market::Spot
    } else {
        Market::OnDemand
    }
}

/// The launch, a pure function of its arguments: a repetition with the same token has the same parameters.
fn plan(job: &Job, attempt: &AttemptId, deployment: &str, market: Market) -> Launch {
    // A one-time Spot instance cannot be stopped.
    let on_end = OnEnd { terminate: job.on_end.terminate || market == Market::Spot, ..job.on_end };
    let mut parameters = job.instance.clone();
    secure(&mut parameters);
    tag(&mut parameters, &tags::of_attempt(attempt, deployment, on_end));
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

/// Without `MaxPrice` the cap is the on-demand price. See
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

/// IMDSv2 only, and encrypted volumes, where the document does not say otherwise.
fn secure(parameters: &mut InstanceParameters) {
    let metadata = parameters.metadata_options.get_or_insert_with(MetadataOptions::default);
    metadata.http_tokens.get_or_insert_with(|| "required".to_owned());
    let mappings: &mut [BlockDeviceMapping] =
        parameters.block_device_mappings.as_deref_mut().unwrap_or_default();
    for ebs in mappings.iter_mut().filter_map(|mapping| mapping.ebs.as_mut()) {
        ebs.encrypted.get_or_insert(true);
    }
}

/// Adds our tags to the document's own, on the instance and on its volumes.
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
