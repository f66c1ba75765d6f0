//! The life of one simulated account, from its deployment to the day of judgement.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::faults::{FaultKind, Faults};
use super::functions::Step;
use super::hobbled::{Safeguard, template};
use super::invariants::{self, Evidence};
use super::machines::SimMachines;
use super::plan::{BUCKET, Plan, Scenario};
use super::{Options, Report};
use crate::deployment::{Function, Names, deploy};
use crate::ec2::api::{RunInstancesRequest, Tag, TagSpecification};
use crate::ec2::{Ec2Config, InstanceRecord, Shortage, Times};
use crate::iam::Role;
use crate::lambda::Runtime;
use crate::ssm::SsmConfig;
use crate::stepfunctions::api::{StartExecutionRequest, StopExecutionRequest};
use crate::{Account, AccountConfig, AwsError, Clock};

/// How long after the last end AWS stays as ill as it was: the nets must work then, too.
const STILL_ILL: Duration = Duration::from_mins(30);
/// How long after that things may take to settle: three turns of the sweeper, and what it starts.
const SETTLING: Duration = Duration::from_mins(75);
/// How long one attempt may take beyond its commands, in virtual time.
const ATTEMPT_OVERHEAD: Duration = Duration::from_hours(3);
/// How long after an abort a calm account may still have something running.
const PROMPT: Duration = Duration::from_mins(8);

/// What the instances of others are made from.
const BYSTANDERS_IMAGE: &str = "ami-0bbbbbbbbbbbbbbbb";

/// Lives `seed` to its end, and judges it.
pub(super) async fn live(seed: u64, options: Options, traced: bool) -> Result<Report, String> {
    let mut rng = Rng::with_seed(seed);
    let plan = Arc::new(Plan::draw(&mut rng, options.executions));
    let epoch: Timestamp = "2026-01-01T00:00:00Z".parse().map_err(|error| format!("{error}"))?;
    let clock = Clock::starting_at(epoch);
    let faults = Arc::new(Faults::new(plan.mix.clone(), clock, rng.fork(), traced));
    let claims = options.without != Some(Safeguard::Claim);
    let (machines, events) = SimMachines::new(Arc::clone(&plan), claims, clock, Arc::clone(&faults));
    let account = Account::new(epoch, config(seed, &plan, &faults), Arc::clone(&machines), events);
    machines.belong_to(Some(account.clone()));
    let names = Arc::new(Names { additional_regions: Vec::new(), ..Names::default() });
    let roles = Role::all(&account.platform.account_id).map_err(|error| error.to_string())?;
    let state_machine =
        provision(&account, &names, &faults, options, &roles).map_err(|error| error.to_string())?;
    let bystanders = bystanders(&account, &names).map_err(|error| error.to_string())?;

    let mut running = Vec::new();
    for (index, scenario) in plan.executions.iter().enumerate() {
        running.push(tokio::spawn(execute(
            account.clone(),
            state_machine.clone(),
            index,
            scenario.clone(),
            Arc::clone(&faults),
        )));
    }
    let mut executions = Vec::new();
    for execution in running {
        executions.push(execution.await.map_err(|error| error.to_string())??);
    }
    let settling = match plan.mix.blackout_after {
        // Then only the instance's own deadline is left.
        Some(after) => after + plan.executions.iter().map(bound_of_one).max().unwrap_or_default(),
        None => SETTLING,
    };
    tokio::time::sleep(STILL_ILL).await;
    faults.heal();
    tokio::time::sleep(settling).await;
    let evidence = Evidence {
        account: &account,
        plan: &plan,
        machines: &machines,
        executions: &executions,
        bystanders: &bystanders,
        roles: &roles,
    };
    let violations = invariants::check(&evidence);
    machines.belong_to(None);
    account.dissolve();
    Ok(Report {
        seed,
        executions: executions.len(),
        faults: faults.counts(),
        asked: roles.iter().map(|(name, role)| (*name, role.asked().actions)).collect(),
        violations,
        trace: faults.take_trace(),
    })
}

/// An execution as it went.
pub(super) struct Lived {
    pub(super) arn: String,
    /// Whether it ended within its bound of virtual time.
    pub(super) in_time: bool,
    /// Whether something was running too long after an abort in a calm account.
    pub(super) left_running: bool,
}

fn config(seed: u64, plan: &Arc<Plan>, faults: &Arc<Faults>) -> AccountConfig {
    let (probability, dice) = (plan.mix.capacity, Arc::clone(faults));
    let capacity = move |_: &str, request: &RunInstancesRequest| {
        let ours = request.image_id.as_deref() != Some(BYSTANDERS_IMAGE);
        (ours && dice.chance(probability)).then(|| {
            dice.count(FaultKind::NoCapacity);
            Shortage::InsufficientInstanceCapacity
        })
    };
    // What has been terminated stays to be judged.
    let times = Times { terminated_visible: Duration::from_hours(10_000), ..Times::default() };
    AccountConfig {
        seed,
        ec2: Ec2Config {
            times,
            visible_after: plan.visible_after,
            capacity: Some(Arc::new(capacity)),
            ..Ec2Config::default()
        },
        ssm: SsmConfig { listed_after: plan.listed_after, ..SsmConfig::default() },
    }
}

fn provision(
    account: &Account,
    names: &Arc<Names>,
    faults: &Arc<Faults>,
    options: Options,
    roles: &BTreeMap<&str, Arc<Role>>,
) -> Result<String, AwsError> {
    let dice = Arc::clone(faults);
    account.platform.events.deliver_by(move |event| dice.arrivals(event));
    account.s3.create_bucket(BUCKET, &names.region)?;
    let runtime_of = |function: Function| -> Arc<dyn Runtime> {
        Arc::new(Step {
            name: function.name,
            account: account.clone(),
            names: Arc::clone(names),
            faults: Arc::clone(faults),
            without: options.without,
            // IAM refuses a launch without our tag, and what else the tags are good for would not be seen.
            role: roles.get(function.name).filter(|_| options.without != Some(Safeguard::Tags)).cloned(),
        })
    };
    let template =
        template(options.without).map_err(|error| AwsError::server("Template", error.to_string()))?;
    deploy(account, names, &template, runtime_of)
}

/// Instances that nobody may touch: of nobody, and of another deployment.
fn bystanders(account: &Account, names: &Names) -> Result<Vec<String>, AwsError> {
    let other = [
        ("ec2-ops:deployment", "another"),
        ("ec2-ops:execution", "arn:aws:states:us-east-1:000000000000:execution:another:run-0"),
        ("ec2-ops:attempt", "1"),
        ("ec2-ops:on-end", "terminate,delete-volumes"),
    ];
    let launch = |tags: &[(&str, &str)]| {
        let tags: Vec<_> = tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect();
        let specification =
            |kind: &str| TagSpecification { resource_type: kind.to_owned(), tags: tags.clone() };
        let request = RunInstancesRequest {
            image_id: Some(BYSTANDERS_IMAGE.to_owned()),
            instance_type: Some("t4g.nano".to_owned()),
            tag_specifications: vec![specification("instance"), specification("volume")],
            ..RunInstancesRequest::default()
        };
        let reservation = account.ec2.run_instances(&names.region, &request)?;
        Ok(reservation.instances.into_iter().map(|instance| instance.instance_id).next().unwrap_or_default())
    };
    Ok(vec![launch(&[("Name", "somebody's")])?, launch(&other)?])
}

async fn execute(
    account: Account,
    state_machine: String,
    index: usize,
    scenario: Scenario,
    faults: Arc<Faults>,
) -> Result<Lived, String> {
    if scenario.stale_output {
        account.s3.put_object(BUCKET, &scenario.key, "of yesterday").map_err(|error| error.to_string())?;
    }
    tokio::time::sleep(scenario.starts_after + Duration::from_secs(2)).await;
    let request = StartExecutionRequest {
        state_machine_arn: state_machine,
        name: Some(format!("run-{index}")),
        input: Some(scenario.document.to_string()),
    };
    let started = account.stepfunctions.start_execution(request).map_err(|error| error.to_string())?;
    let arn = started.execution_arn;
    let mut left_running = false;
    if let Some(after) = scenario.aborted_after {
        tokio::time::sleep(after).await;
        if is_running(&account, &arn)? {
            faults.count(FaultKind::Abort);
            faults.note(|| format!("run-{index}: aborted"));
            let launched = !alive(&account, &scenario).is_empty();
            let request = StopExecutionRequest { execution_arn: arn.clone(), error: None, cause: None };
            account.stepfunctions.stop_execution(&request).map_err(|error| error.to_string())?;
            if faults.calm() && launched {
                tokio::time::sleep(PROMPT).await;
                left_running = !alive(&account, &scenario).is_empty();
            }
        }
    }
    let bound = bound_of_one(&scenario) * scenario.attempts;
    let in_time = faults.dark_ahead() || ends_within(&account, &arn, bound).await?;
    Ok(Lived { arn, in_time, left_running })
}

fn bound_of_one(scenario: &Scenario) -> Duration {
    Duration::from_secs(scenario.timeout_s.into()) + ATTEMPT_OVERHEAD
}

async fn ends_within(account: &Account, arn: &str, bound: Duration) -> Result<bool, String> {
    let looks = 40;
    for _ in 0..looks {
        if !is_running(account, arn)? {
            return Ok(true);
        }
        tokio::time::sleep(bound / looks).await;
    }
    Ok(!is_running(account, arn)?)
}

fn is_running(account: &Account, arn: &str) -> Result<bool, String> {
    let execution = account.stepfunctions.execution(arn).map_err(|error| error.to_string())?;
    Ok(execution.history().ending().is_none())
}

/// The instances of `scenario` that cost money.
fn alive(account: &Account, scenario: &Scenario) -> Vec<Arc<InstanceRecord>> {
    use crate::ec2::api::InstanceStateName::{Pending, Running};
    let mut instances = account.ec2.instances();
    instances.retain(|record| {
        record.instance.image_id == scenario.image && matches!(record.state(), Pending | Running)
    });
    instances
}

/// The state that an execution ended with, as JSON; null where it has none.
pub(super) fn output(account: &Account, arn: &str) -> Value {
    let Ok(execution) = account.stepfunctions.execution(arn) else { return Value::Null };
    match execution.history().ending() {
        Some((ec2_ops_asl::Ending::Succeeded { output }, _)) => output["outcome"].clone(),
        Some((ec2_ops_asl::Ending::Failed(failure), _)) => {
            let cause = failure.cause.as_deref().unwrap_or_default();
            serde_json::from_str(cause).unwrap_or_else(|_| json!({ "unreadable": cause }))
        }
        _ => Value::Null,
    }
}
