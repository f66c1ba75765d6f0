//! One account, from its deployment to the end of the last execution.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ec2_ops_asl::Ending;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::fleet;
use super::guests::{BUCKET, ProductiveGuests, image, key};
use super::history::Reader;
use super::invocation::Counted;
use super::options::Options;
use super::report::Report;
use super::tally::{Refusal, Tally};
use crate::harness::{Machines, World, executions};
use ec2_ops_sandbox::deployment::{Names, Template};
use ec2_ops_sandbox::ec2::{Ec2Config, api::InstanceStateName};
use ec2_ops_sandbox::lambda::{Request, Runtime};
use ec2_ops_sandbox::{Account, AccountConfig, AwsError, Event};

/// How long all executions together may take.
const PATIENCE: Duration = Duration::from_hours(48);
/// How often the instances are counted.
const COUNTED_EVERY: Duration = Duration::from_mins(1);
/// How long an event takes from its source to its function, in milliseconds.
const EVENT_DELAY: (u64, u64) = (20, 400);

/// Simulates until the last execution has ended.
pub(super) async fn simulate(options: Options) -> Result<Report, String> {
    let machines = Machines::new(ProductiveGuests::new(options));
    let ec2 = Ec2Config { vcpus: options.vcpus, ..Ec2Config::default() };
    let config = AccountConfig { seed: options.seed, ec2, ..AccountConfig::default() };
    let names = Names { additional_regions: Vec::new(), ..Names::default() };
    let world = World::new(config, machines, names);
    let tally = Tally::new();
    let template = Template::default();
    let state_machine = deploy(&world, &template, &tally).map_err(|error| error.to_string())?;
    let counting = tokio::spawn(count_instances(world.account.clone(), tally.clone()));
    let late = |_| format!("not all ended within {PATIENCE:?}");
    let (started, fleet) = if options.fleet {
        let fleet = timeout(PATIENCE, fleet::carry_out(&world.account, &state_machine, options.executions));
        let (started, fleet) = fleet.await.map_err(late)?.map_err(|error| error.to_string())?;
        (started, Some(fleet))
    } else {
        let started = start_all(&world.account, &state_machine, options, &tally).await?;
        let all = timeout(PATIENCE, all_ended(&world.account, &started)).await.map_err(late)?;
        all.map_err(|error| error.to_string())?;
        (started, None)
    };
    counting.abort();
    let fleet = fleet.map(|fleet| fleet::report(&world.account, &template, &fleet)).transpose()?;
    Ok(Report { fleet, ..report(&world.account, &template, &started, options, &tally)? })
}

fn deploy(world: &World<ProductiveGuests>, template: &Template, tally: &Tally) -> Result<String, AwsError> {
    let account = &world.account;
    account.platform.quotas.enforce();
    account.stepfunctions.forget_data();
    let platform = Arc::downgrade(&account.platform);
    account.platform.events.deliver_by(move |_: &Event| {
        let (low, high) = EVENT_DELAY;
        let millis = Duration::from_millis;
        platform.upgrade().map(|platform| platform.between(millis(low), millis(high))).into_iter().collect()
    });
    world.deploy(BUCKET, template, |name| -> Arc<dyn Runtime> {
        let (account, tally) = (account.clone(), tally.clone());
        let begin = move |name, request: &Request| Counted::begin(&account, &tally, name, request);
        Arc::new(world.function(name, begin))
    })
}

/// Starts all executions, evenly over the time that the options set. Answers with their ARNs.
async fn start_all(
    account: &Account,
    state_machine: &str,
    options: Options,
    tally: &Tally,
) -> Result<Vec<String>, String> {
    let pause = options.within / u32::try_from(options.executions.max(1)).unwrap_or(u32::MAX);
    let mut started = Vec::with_capacity(options.executions);
    while started.len() < options.executions {
        let index = started.len();
        let action = "StartExecution";
        let admitted = account.admit(region_of(state_machine), action);
        tally.called(action, "caller", admitted.as_ref().err().map(|_| Refusal::Throttled));
        if admitted.is_ok() {
            let name = Some(format!("run-{index}"));
            let arn = executions::start(account, state_machine, name, &document(index));
            started.push(arn.map_err(|error| error.to_string())?);
        }
        tokio::time::sleep(pause).await;
    }
    Ok(started)
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// Every other document terminates its instance, the rest stop it; every output is checked.
pub(super) fn document(index: usize) -> Value {
    let image = image(index);
    json!({
        "commands": ["make-output"],
        "bucket": BUCKET,
        "obj_key": key(&image),
        "run_options": { "ii_terminate_instance": index.is_multiple_of(2) },
        "instance_parameters": {
            "ImageId": image,
            "InstanceType": "t4g.nano",
            "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 8 } }],
        },
    })
}

/// Counts the instances that are pending or running, each minute.
async fn count_instances(account: Account, tally: Tally) {
    loop {
        let instances = account.ec2.instances();
        let up = |state| matches!(state, InstanceStateName::Pending | InstanceStateName::Running);
        tally.instances(instances.iter().filter(|instance| up(instance.state())).count());
        tokio::time::sleep(COUNTED_EVERY).await;
    }
}

async fn all_ended(account: &Account, started: &[String]) -> Result<(), AwsError> {
    for arn in started {
        executions::end_of(account, arn, Duration::from_secs(1)).await?;
    }
    Ok(())
}

fn report(
    account: &Account,
    template: &Template,
    started: &[String],
    options: Options,
    tally: &Tally,
) -> Result<Report, String> {
    let definition = serde_json::from_str(&template.definition).map_err(|error| error.to_string())?;
    let mut reader = Reader::new(definition);
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for arn in started {
        let execution = account.stepfunctions.execution(arn).map_err(|error| error.to_string())?;
        let status = match execution.history().ending() {
            Some((Ending::Succeeded { output }, _)) => {
                output["outcome"]["status"].as_str().unwrap_or("SUCCEEDED").to_owned()
            }
            Some((other, _)) => other.status().to_owned(),
            None => "RUNNING".to_owned(),
        };
        *outcomes.entry(status).or_default() += 1;
        reader.read(&execution.history().events());
    }
    Ok(Report::new(options, outcomes, reader.finish(), tally))
}
