//! One account, from its deployment to the end of the last execution.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ec2_ops_asl::Ending;
use serde_json::{Value, json};

use super::Options;
use super::functions::Function;
use super::history::Reader;
use super::machines::{BUCKET, Machines, image, key};
use super::report::Report;
use super::tally::Tally;
use crate::virtual_time::EPOCH;
use ec2_ops_sandbox::deployment::{Names, Template, deploy};
use ec2_ops_sandbox::lambda::Runtime;
use ec2_ops_sandbox::stepfunctions::api::StartExecutionRequest;
use ec2_ops_sandbox::{Account, AccountConfig, AwsError, Event};

/// How long all executions together may take.
const PATIENCE: Duration = Duration::from_hours(48);
/// How long an event takes from its source to its function, in milliseconds.
const EVENT_DELAY: (u64, u64) = (20, 400);

/// Lives until the last execution has ended.
pub(super) async fn live(options: Options) -> Result<Report, String> {
    let (machines, events) = Machines::new(options);
    let config = AccountConfig { seed: options.seed, ..AccountConfig::default() };
    let account = Account::new(EPOCH, config, Arc::clone(&machines), events);
    machines.write_to(Some(Arc::clone(&account.s3)));
    let tally = Tally::new();
    let template = Template::default();
    let state_machine = provision(&account, &template, &tally).map_err(|error| error.to_string())?;
    let started = start_all(&account, &state_machine, options, &tally).await?;
    let over = all_over(&account, &started);
    tokio::time::timeout(PATIENCE, over).await.map_err(|_| format!("not all ended within {PATIENCE:?}"))?;
    let report = report(&account, &template, &started, options, &tally)?;
    machines.write_to(None);
    account.dissolve();
    Ok(report)
}

fn provision(account: &Account, template: &Template, tally: &Tally) -> Result<String, AwsError> {
    let names = Arc::new(Names { additional_regions: Vec::new(), ..Names::default() });
    account.platform.quotas.enforce();
    account.stepfunctions.forget_data();
    let platform = Arc::downgrade(&account.platform);
    account.platform.events.deliver_by(move |_: &Event| {
        let (low, high) = EVENT_DELAY;
        let millis = Duration::from_millis;
        platform.upgrade().map(|platform| platform.between(millis(low), millis(high))).into_iter().collect()
    });
    account.s3.create_bucket(BUCKET, &names.region)?;
    deploy(account, &names, template, |function| -> Arc<dyn Runtime> {
        Arc::new(Function {
            name: function.name,
            account: account.clone(),
            names: Arc::clone(&names),
            tally: tally.clone(),
        })
    })
}

/// Starts all executions, evenly over the time that the options have for it. Answers with their ARNs.
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
        let request = StartExecutionRequest {
            state_machine_arn: state_machine.to_owned(),
            name: Some(format!("run-{index}")),
            input: Some(document(index).to_string()),
        };
        let admitted = account.admit(region_of(state_machine), action);
        tally.called(action, "caller", admitted.is_err());
        if admitted.is_ok() {
            let answer = account.stepfunctions.start_execution(request).map_err(|error| error.to_string())?;
            started.push(answer.execution_arn);
        }
        tokio::time::sleep(pause).await;
    }
    Ok(started)
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// Every other document terminates its instance, the rest stop it; every output is checked.
fn document(index: usize) -> Value {
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

async fn all_over(account: &Account, started: &[String]) {
    for arn in started {
        while account
            .stepfunctions
            .execution(arn)
            .is_ok_and(|execution| execution.history().ending().is_none())
        {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
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
