//! One simulated account, from its deployment to the check of the promises.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ec2_ops::fleet::execution_name;
use fastrand::Rng;
use tokio::sync::watch;

use super::bystanders::{bystanders, orphan};
use super::execution::{Run, bound_of_one};
use super::fleet::{self, Fleet};
use super::{Options, Report};
use crate::faults::{Faults, FaultyGate};
use crate::harness::virtual_time::EPOCH;
use crate::harness::{Function, Machines, World};
use crate::invariants::{self, Evidence, ExecutionRecord};
use crate::safeguards::{Safeguard, template};
use crate::schedule::{BUCKET, FleetPlan, IMAGES, OTHER_REGION, Schedule, ScheduledGuests};
use ec2_ops_sandbox::deployment::{Names, SWEEP_EVERY};
use ec2_ops_sandbox::ec2::api::RunInstancesRequest;
use ec2_ops_sandbox::ec2::{Ec2Config, Times};
use ec2_ops_sandbox::iam::Role;
use ec2_ops_sandbox::lambda::{Request, Runtime};
use ec2_ops_sandbox::ssm::SsmConfig;
use ec2_ops_sandbox::ssm::api::PutParameterRequest;
use ec2_ops_sandbox::{Account, AccountConfig, AwsError, Clock};

/// How long after the last end the faults go on. The safety nets must work then as well.
const STILL_FAULTY: Duration = Duration::from_mins(30);
/// How long everything may take to settle after that: three sweeps, and the cleanup that they start.
const SETTLING: Duration = SWEEP_EVERY.saturating_mul(3).saturating_add(Duration::from_mins(30));

type Roles = BTreeMap<&'static str, Arc<Role>>;

/// Simulates `seed`, and checks the promises.
pub(super) async fn simulate(seed: u64, options: Options, traced: bool) -> Result<Report, String> {
    let mut rng = Rng::with_seed(seed);
    let plan =
        options.fleet.then(|| FleetPlan::draw(seed, u32::try_from(options.executions).unwrap_or(u32::MAX)));
    // The rows that run again have executions of their own.
    let executions = options.executions * if options.fleet { 2 } else { 1 };
    let schedule = Arc::new(Schedule::draw(&mut rng, executions));
    let clock = Clock::starting_at(EPOCH);
    let faults = Arc::new(Faults::new(schedule.mix.clone(), clock, rng.fork(), traced));
    let claims = options.without != Some(Safeguard::Claim);
    let guests = ScheduledGuests::new(Arc::clone(&schedule), claims, clock, Arc::clone(&faults));
    let machines = Machines::new(guests);
    let (counters, launches): (Vec<_>, Vec<_>) =
        schedule.executions.iter().map(|_| watch::channel(0_usize)).unzip();
    let config = config(seed, &schedule, &faults, &machines.0, counters);
    let additional_regions = if schedule.other_region { vec![OTHER_REGION.to_owned()] } else { Vec::new() };
    let world = World::new(config, machines, Names { additional_regions, ..Names::default() });
    let roles = Role::all().map_err(|error| error.to_string())?;
    let state_machine =
        deploy(&world, &schedule, &faults, options, &roles).map_err(|error| error.to_string())?;
    let (account, names) = (&world.account, &world.names);
    name_images(account, names, &schedule).map_err(|error| error.to_string())?;
    let bystanders = bystanders(account, names).map_err(|error| error.to_string())?;
    let orphan = schedule.orphan.then(|| orphan(account, names, &faults));
    let orphan = orphan.transpose().map_err(|error| error.to_string())?;

    let runs =
        schedule.executions.iter().enumerate().zip(launches).map(|((index, scenario), launches)| Run {
            account: account.clone(),
            state_machine: state_machine.clone(),
            name: match plan {
                Some(FleetPlan { rows, .. }) => {
                    let index = u32::try_from(index).unwrap_or(u32::MAX);
                    execution_name(fleet::NAME, index % rows, index / rows + 1)
                }
                None => format!("run-{index}"),
            },
            scenario: scenario.clone(),
            machine_timeout: schedule.machine_timeout,
            launches,
            faults: Arc::clone(&faults),
        });
    let runs: Vec<_> = runs.collect();
    let (executions, fleet) = match plan {
        Some(plan) => {
            let (account, state_machine) = (account.clone(), state_machine.clone());
            let fleet = Fleet { account, state_machine, plan, faults: Arc::clone(&faults) };
            let (executions, fleet) = fleet.carry_out(runs).await?;
            (executions, Some(fleet))
        }
        None => (all(runs).await?, None),
    };
    tokio::time::sleep(STILL_FAULTY).await;
    faults.heal();
    tokio::time::sleep(settling(&schedule)).await;
    let verdict = invariants::check(&Evidence {
        account,
        schedule: &schedule,
        history: &world.machines.guests.history(),
        executions: &executions,
        fleet: fleet.as_ref(),
        bystanders: &bystanders,
        orphan: orphan.as_deref(),
        roles: &roles,
    });
    Ok(Report {
        seed,
        executions: executions.iter().flatten().count(),
        faults: faults.counts(),
        asked: roles.iter().map(|(name, role)| (*name, role.asked().actions)).collect(),
        violations: verdict.violations,
        excused: verdict.excused,
        trace: faults.take_trace(),
    })
}

/// Writes the image of each execution into Parameter Store, from which some documents take it.
fn name_images(account: &Account, names: &Names, schedule: &Schedule) -> Result<(), AwsError> {
    for region in std::iter::once(&names.region).chain(&names.additional_regions) {
        for scenario in &schedule.executions {
            let request = PutParameterRequest {
                name: IMAGES.to_owned(),
                value: scenario.image.clone(),
                r#type: Some("String".to_owned()),
                overwrite: Some(true),
            };
            account.ssm.put_parameter(region, &request)?;
        }
    }
    Ok(())
}

/// Carries out all executions at once.
async fn all(runs: Vec<Run>) -> Result<Vec<Option<ExecutionRecord>>, String> {
    let tasks: Vec<_> = runs.into_iter().map(|run| tokio::spawn(run.carry_out())).collect();
    let mut executions = Vec::new();
    for task in tasks {
        let record = task.await.map_err(|error| error.to_string())?;
        executions.push(Some(record.map_err(|error| error.to_string())?));
    }
    Ok(executions)
}

/// How long everything may take to settle once AWS has recovered.
fn settling(schedule: &Schedule) -> Duration {
    let recovered = match schedule.mix.outage {
        None => Duration::ZERO,
        Some(outage) => match outage.over_after() {
            Some(over) => over,
            // Without a control plane there is only the instance's own deadline.
            None => {
                let bounds = schedule.executions.iter().map(bound_of_one);
                return outage.after + bounds.max().unwrap_or_default();
            }
        },
    };
    recovered + SETTLING + schedule.resistance()
}

fn config(
    seed: u64,
    schedule: &Arc<Schedule>,
    faults: &Arc<Faults>,
    machines: &Arc<Machines<ScheduledGuests>>,
    counters: Vec<watch::Sender<usize>>,
) -> AccountConfig {
    let (executions, chance, guards) = (Arc::clone(schedule), Arc::clone(faults), Arc::clone(machines));
    let capacity = move |_: &str, request: &RunInstancesRequest| {
        let index = executions.of_image(request.image_id.as_deref()?)?;
        counters.get(index)?.send_modify(|launches| *launches += 1);
        chance.shortage(request.instance_market_options.is_some())
    };
    let usual = Times::default();
    let slow = schedule.slow_end.map(|end| (end, end));
    let times = Times {
        stopping: slow.unwrap_or(usual.stopping),
        shutting_down: slow.unwrap_or(usual.shutting_down),
        // Terminated instances stay visible until the check.
        terminated_visible: Duration::from_hours(10_000),
        ..usual
    };
    AccountConfig {
        seed,
        ec2: Ec2Config {
            times,
            visible_after: schedule.visible_after,
            capacity: Some(Arc::new(capacity)),
            protection: Some(Arc::new(move |id: &str| guards.guests.resists(id))),
            ..Ec2Config::default()
        },
        ssm: SsmConfig { listed_after: schedule.listed_after, ..SsmConfig::default() },
    }
}

fn deploy(
    world: &World<ScheduledGuests>,
    schedule: &Schedule,
    faults: &Arc<Faults>,
    options: Options,
    roles: &Roles,
) -> Result<String, AwsError> {
    let chance = Arc::clone(faults);
    world.account.platform.events.deliver_by(move |event| chance.arrivals(event));
    let chance = Arc::clone(faults);
    world.account.stepfunctions.start_by(move || chance.start());
    let template = template(options.without, schedule.machine_timeout)
        .map_err(|error| AwsError::server("Template", error.to_string()))?;
    world.deploy(BUCKET, &template, |name| -> Arc<dyn Runtime> {
        let faults = Arc::clone(faults);
        let begin = move |name, request: &Request| FaultyGate::new(&faults, name, &request.request_id);
        Arc::new(Function {
            without: options.without,
            // IAM refuses a launch without our tag, and would hide what else the tags are needed for.
            role: roles.get(name).filter(|_| options.without != Some(Safeguard::Tags)).cloned(),
            ..world.function(name, begin)
        })
    })
}
