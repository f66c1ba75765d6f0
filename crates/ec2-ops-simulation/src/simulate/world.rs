//! The life of one simulated account, from its deployment to the day of judgement.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

use super::execution::{Run, bound_of_one};
use super::fault_kind::FaultKind;
use super::faults::Faults;
use super::functions::Step;
use super::hobbled::{Safeguard, template};
use super::invariants::{self, Evidence};
use super::machines::SimMachines;
use super::plan::{BUCKET, OTHER_REGION, Plan};
use super::{Options, Report};
use crate::virtual_time::EPOCH;
use ec2_ops_sandbox::deployment::{Function, Names, SWEEP_EVERY, deploy};
use ec2_ops_sandbox::ec2::api::{RunInstancesRequest, Tag, TagSpecification};
use ec2_ops_sandbox::ec2::{Ec2Config, Shortage, Times};
use ec2_ops_sandbox::iam::Role;
use ec2_ops_sandbox::lambda::Runtime;
use ec2_ops_sandbox::ssm::SsmConfig;
use ec2_ops_sandbox::{Account, AccountConfig, AwsError, Clock};

/// How long after the last end AWS stays as ill as it was: the nets must work then, too.
const STILL_ILL: Duration = Duration::from_mins(30);
/// How long after that things may take to settle: three sweeps, and the cleanup that they start.
const SETTLING: Duration = SWEEP_EVERY.saturating_mul(3).saturating_add(Duration::from_mins(30));

/// Lives `seed` to its end, and judges it.
pub(crate) async fn live(seed: u64, options: Options, traced: bool) -> Result<Report, String> {
    let mut rng = Rng::with_seed(seed);
    let plan = Arc::new(Plan::draw(&mut rng, options.executions));
    let clock = Clock::starting_at(EPOCH);
    let faults = Arc::new(Faults::new(plan.mix.clone(), clock, rng.fork(), traced));
    let claims = options.without != Some(Safeguard::Claim);
    let (machines, events) = SimMachines::new(Arc::clone(&plan), claims, clock, Arc::clone(&faults));
    let (counters, launches): (Vec<_>, Vec<_>) =
        plan.executions.iter().map(|_| watch::channel(0_usize)).unzip();
    let config = config(seed, &plan, &faults, &machines, counters);
    let account = Account::new(EPOCH, config, Arc::clone(&machines), events);
    machines.belong_to(Some(account.clone()));
    let additional_regions = if plan.other_region { vec![OTHER_REGION.to_owned()] } else { Vec::new() };
    let names = Arc::new(Names { additional_regions, ..Names::default() });
    let roles = Role::all().map_err(|error| error.to_string())?;
    let state_machine =
        provision(&account, &names, &plan, &faults, options, &roles).map_err(|error| error.to_string())?;
    let bystanders = bystanders(&account, &names).map_err(|error| error.to_string())?;
    let orphan = if plan.orphan { Some(orphan(&account, &names, &faults)) } else { None };
    let orphan = orphan.transpose().map_err(|error| error.to_string())?;

    let mut running = Vec::new();
    for ((index, scenario), launches) in plan.executions.iter().enumerate().zip(launches) {
        let run = Run {
            account: account.clone(),
            state_machine: state_machine.clone(),
            name: format!("run-{index}"),
            scenario: scenario.clone(),
            machine_timeout: plan.machine_timeout,
            launches,
            faults: Arc::clone(&faults),
        };
        running.push(tokio::spawn(run.live()));
    }
    let mut executions = Vec::new();
    for execution in running {
        let lived = execution.await.map_err(|error| error.to_string())?;
        executions.push(lived.map_err(|error| error.to_string())?);
    }
    let settling = match plan.mix.outage {
        None => SETTLING + plan.resistance(),
        Some(outage) => match outage.over_after() {
            Some(over) => over + SETTLING + plan.resistance(),
            // Then only the instance's own deadline is left.
            None => outage.after + plan.executions.iter().map(bound_of_one).max().unwrap_or_default(),
        },
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
        orphan: orphan.as_deref(),
        roles: &roles,
    };
    let verdict = invariants::check(&evidence);
    machines.belong_to(None);
    account.dissolve();
    Ok(Report {
        seed,
        executions: executions.len(),
        faults: faults.counts(),
        asked: roles.iter().map(|(name, role)| (*name, role.asked().actions)).collect(),
        violations: verdict.violations,
        excused: verdict.excused,
        trace: faults.take_trace(),
    })
}

fn config(
    seed: u64,
    plan: &Arc<Plan>,
    faults: &Arc<Faults>,
    machines: &Arc<SimMachines>,
    counters: Vec<watch::Sender<usize>>,
) -> AccountConfig {
    let (whose, dice, guards) = (Arc::clone(plan), Arc::clone(faults), Arc::clone(machines));
    let capacity = move |_: &str, request: &RunInstancesRequest| {
        let index = whose.of_image(request.image_id.as_deref()?)?;
        counters.get(index)?.send_modify(|launches| *launches += 1);
        dice.chance(whose.mix.capacity).then(|| {
            dice.count(FaultKind::NoCapacity);
            Shortage::InsufficientInstanceCapacity
        })
    };
    let usual = Times::default();
    let slow = plan.slow_end.map(|end| (end, end));
    let times = Times {
        stopping: slow.unwrap_or(usual.stopping),
        shutting_down: slow.unwrap_or(usual.shutting_down),
        // What has been terminated stays to be judged.
        terminated_visible: Duration::from_hours(10_000),
        ..usual
    };
    AccountConfig {
        seed,
        ec2: Ec2Config {
            times,
            visible_after: plan.visible_after,
            capacity: Some(Arc::new(capacity)),
            protection: Some(Arc::new(move |id: &str| guards.resists(id))),
            ..Ec2Config::default()
        },
        ssm: SsmConfig { listed_after: plan.listed_after, ..SsmConfig::default() },
    }
}

fn provision(
    account: &Account,
    names: &Arc<Names>,
    plan: &Plan,
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
    let template = template(options.without, plan.machine_timeout)
        .map_err(|error| AwsError::server("Template", error.to_string()))?;
    deploy(account, names, &template, runtime_of)
}

/// Instances that nobody may touch, in every region: of nobody, and of another deployment.
fn bystanders(account: &Account, names: &Names) -> Result<Vec<String>, AwsError> {
    let mut launched = Vec::new();
    for region in regions(names) {
        launched.push(launch(account, region, &[("Name", "somebody's")])?);
        launched.push(launch_for(account, region, "another", "run-0")?);
    }
    Ok(launched)
}

/// An instance of this deployment whose execution never existed, in the last of its regions.
fn orphan(account: &Account, names: &Names, faults: &Faults) -> Result<String, AwsError> {
    faults.count(FaultKind::Orphan);
    let region = regions(names).last().unwrap_or_default();
    launch_for(account, region, &names.deployment, "never-was")
}

fn regions(names: &Names) -> impl Iterator<Item = &str> {
    std::iter::once(&names.region).chain(&names.additional_regions).map(String::as_str)
}

fn launch_for(
    account: &Account,
    region: &str,
    deployment: &str,
    execution: &str,
) -> Result<String, AwsError> {
    let owner = &account.platform.account_id;
    let execution = format!("arn:aws:states:us-east-1:{owner}:execution:{deployment}:{execution}");
    let tags = [
        ("ec2-ops:deployment", deployment),
        ("ec2-ops:execution", &execution),
        ("ec2-ops:attempt", "1"),
        ("ec2-ops:on-end", "terminate,delete-volumes"),
    ];
    launch(account, region, &tags)
}

fn launch(account: &Account, region: &str, tags: &[(&str, &str)]) -> Result<String, AwsError> {
    let tags: Vec<_> = tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect();
    let specification = |kind: &str| TagSpecification { resource_type: kind.to_owned(), tags: tags.clone() };
    let request = RunInstancesRequest {
        image_id: Some("ami-0bbbbbbbbbbbbbbbb".to_owned()),
        instance_type: Some("t4g.nano".to_owned()),
        tag_specifications: vec![specification("instance"), specification("volume")],
        ..RunInstancesRequest::default()
    };
    let reservation = account.ec2.run_instances(region, &request)?;
    Ok(reservation.instances.into_iter().map(|instance| instance.instance_id).next().unwrap_or_default())
}
