//! The dead time of the real binaries. Each is a process that calls the sandbox over HTTP.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, io};

use ec2_ops_asl::{Details, Execution};
use ec2_ops_sandbox::ssm::api::GetCommandInvocationRequest;
use ec2_ops_sandbox::stepfunctions::api::StartExecutionRequest;
use ec2_ops_sandbox::{AccessKeys, Sandbox, SandboxConfig};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::packages::{self, Package};
use crate::plot::{self, Axes, Curve};
use crate::report::{figure, machine, shown, table};
use crate::statistics::Sample;

const BUCKET: &str = "dead-time";
/// The executions of each temperature, one after the other.
const RUNS: usize = 60;
/// The bound on the median, in milliseconds.
const BOUND_MS: f64 = 300.0;
/// The duration of the commands: long enough for EC2Poller to poll once and to wait for the event.
const COMMANDS_S: &str = "0.8";
/// The time after the start of the commands at which Lambda removes idle environments.
const RECLAIMED_AFTER: Duration = Duration::from_millis(500);

/// The parts of the dead time, in order.
const STAGES: [&str; 5] = [
    "the agent reports the end of the script",
    "EC2Poller: event, GetItem, GetCommandInvocation, SendTaskSuccess",
    "RunChecker: HeadObject",
    "EC2Stopper: DescribeInstances, TerminateInstances or StopInstances",
    "**from the command's end to the instance's**",
];

/// Whether the functions' environments are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Temperature {
    /// Kept from earlier executions.
    Warm,
    /// All removed while the commands run.
    Cold,
}

pub(super) fn measure() -> Result<String, String> {
    let packages = packages::all()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let machine = machine();
    let (warm, cold) = runtime.block_on(async {
        let warm = sample(packages, Temperature::Warm).await?;
        Ok::<_, String>((warm, sample(packages, Temperature::Cold).await?))
    })?;
    let total = |stages: &[Sample]| stages.last().map(Sample::distribution).unwrap_or_default();
    let curves = [("warm", &warm), ("cold", &cold)]
        .map(|(name, stages)| Curve { name: format!("{name} functions"), points: total(stages) });
    let axes = Axes {
        title: "From the command's end to TerminateInstances or StopInstances",
        x: "milliseconds",
        y: "share of executions",
    };
    figure("dead-time", &plot::distribution(&axes, &curves)?)?;
    Ok(text(&machine, &warm, &cold))
}

fn text(machine: &str, warm: &[Sample], cold: &[Sample]) -> String {
    let row = |(stage, (warm, cold)): (&&str, (&Sample, &Sample))| {
        let figures = [warm.median(), warm.quantile(0.9), cold.median(), cold.quantile(0.9)];
        let figures = figures.map(|ms| format!("{ms:.1}"));
        [vec![(*stage).to_owned()], figures.to_vec()].concat()
    };
    let mut rows: Vec<_> = STAGES.iter().zip(warm.iter().zip(cold)).map(row).collect();
    let ratio = |stages: &[Sample], share| {
        stages.last().map(|total| format!("{:.2}", total.quantile(share) / BOUND_MS)).unwrap_or_default()
    };
    rows.push(vec![
        format!("as a ratio to the bound, a median of {BOUND_MS} ms"),
        ratio(warm, 0.5),
        ratio(warm, 0.9),
        ratio(cold, 0.5),
        ratio(cold, 0.9),
    ]);
    format!(
        "*Timed* on {machine}, with the binaries of `cargo xtask package`, {RUNS} executions each, one after the other, half of \
         them with TerminateInstances and half with StopInstances at the end. The end of the command is the time that its \
         last line prints. Warm: each function has an environment from an earlier execution. Cold: all environments are \
         removed while the commands run, so each of the three functions has a cold start.\n\n{}\n\
         These figures contain no latency of AWS. The sandbox delivers an event at once; EventBridge adds its own latency, \
         for which AWS gives no bound. Calls are plain HTTP on one machine; AWS adds a network and TLS. A cold start is a \
         new process; Lambda first creates an environment for it.\n\n{}",
        table(&["milliseconds", "warm, median", "warm, 90%", "cold, median", "cold, 90%"], &rows),
        shown("dead-time", "the distribution of the dead time"),
    )
}

/// Links each executable into `directory` by the name of its package, as the sandbox expects it.
fn install(packages: &[Package], directory: &Path) -> io::Result<()> {
    fs::create_dir(directory)?;
    packages
        .iter()
        .try_for_each(|package| symlink(&package.bootstrap, directory.join(package.function.package)))
}

/// Measures one temperature, in its own sandbox. Returns a sample in milliseconds for each stage and for their sum.
async fn sample(packages: &[Package], temperature: Temperature) -> Result<Vec<Sample>, String> {
    let directory =
        tempfile::Builder::new().prefix("ec2-ops-").tempdir().map_err(|error| error.to_string())?;
    let lambdas = directory.path().join("lambdas");
    install(packages, &lambdas).map_err(|error| format!("cannot install the functions: {error}"))?;
    let config = SandboxConfig {
        port: 0,
        root: directory.path().to_owned(),
        tools: std::env::current_exe().map_err(|error| error.to_string())?,
        lambdas,
        buckets: vec![BUCKET.to_owned()],
        keys: AccessKeys::random().map_err(|error| error.to_string())?,
    };
    let sandbox = Sandbox::start(config).await.map_err(|error| error.to_string())?;
    let seen = watch(&sandbox);
    let mut stages = vec![Vec::new(); STAGES.len()];
    for run in 0..=RUNS {
        let moments = execute(&sandbox, &seen, run, temperature).await?;
        // The first run warms the functions up.
        if run > 0 {
            let took = moments.windows(2).map(|pair| millis(pair[0], pair[1]));
            let took = took.chain([millis(moments[0], moments[STAGES.len() - 1])]);
            stages.iter_mut().zip(took).for_each(|(stage, took)| stage.push(took));
        }
    }
    sandbox.shut_down().await.map_err(|error| error.to_string())?;
    Ok(stages.into_iter().map(Sample::new).collect())
}

fn millis(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1_000.0
}

/// The events of the running execution.
#[derive(Clone, Default)]
struct Seen {
    command: Option<Value>,
    began: bool,
    reported: Option<Timestamp>,
    ended: Option<Timestamp>,
}

fn watch(sandbox: &Sandbox) -> Arc<Mutex<Seen>> {
    let (clock, seen) = (sandbox.account().platform.clock, Arc::new(Mutex::new(Seen::default())));
    let shared = Arc::clone(&seen);
    sandbox.account().platform.events.subscribe(move |event| {
        let Ok(mut seen) = shared.lock() else { return };
        let word = |field: &str| event.detail[field].as_str().unwrap_or_default();
        match (event.source.as_str(), word("status"), word("state")) {
            ("aws.ssm", "InProgress", _) => seen.began = true,
            ("aws.ssm", "Success", _) => {
                (seen.reported, seen.command) = (Some(clock.now()), Some(event.detail.clone()));
            }
            ("aws.ec2", _, "shutting-down" | "stopping") => {
                seen.ended.get_or_insert(clock.now());
            }
            _ => {}
        }
    });
    seen
}

/// Runs one execution. Answers with the moments between which the stages are.
async fn execute(
    sandbox: &Sandbox,
    seen: &Mutex<Seen>,
    run: usize,
    temperature: Temperature,
) -> Result<[Timestamp; STAGES.len()], String> {
    let now = || seen.lock().map(|seen| seen.clone()).map_err(|error| error.to_string());
    *seen.lock().map_err(|error| error.to_string())? = Seen::default();
    let request = StartExecutionRequest {
        state_machine_arn: sandbox.state_machine_arn().to_owned(),
        name: None,
        input: Some(document(run).to_string()),
    };
    let stepfunctions = &sandbox.account().stepfunctions;
    let started = stepfunctions.start_execution(request).map_err(|error| error.to_string())?;
    let execution = stepfunctions.execution(&started.execution_arn).map_err(|error| error.to_string())?;
    let mut cooled = temperature == Temperature::Warm;
    while execution.history().ending().is_none() {
        if !cooled && now()?.began {
            tokio::time::sleep(RECLAIMED_AFTER).await;
            sandbox.reclaim_idle_functions().await;
            cooled = true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seen = now()?;
    let moments = (|| {
        let [polled, checked] = ["EC2Poller", "RunChecker"].map(|state| exited(&execution, state));
        Some([
            command_ended(sandbox, seen.command.as_ref()?)?,
            seen.reported?,
            polled?,
            checked?,
            seen.ended?,
        ])
    })();
    moments.ok_or_else(|| {
        format!("the execution lacks an event; it ended as {:?}", execution.history().ending())
    })
}

fn document(run: usize) -> Value {
    json!({
        "commands": [
            format!("echo done | aws s3 cp - s3://{BUCKET}/{run}"),
            format!("sleep {COMMANDS_S}"),
            "date +%s%N",
        ],
        "bucket": BUCKET,
        "obj_key": run.to_string(),
        "run_options": { "ii_terminate_instance": run.is_multiple_of(2), "timeout_s": 60 },
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
    })
}

/// The time that the last command prints.
fn command_ended(sandbox: &Sandbox, command: &Value) -> Option<Timestamp> {
    let request = GetCommandInvocationRequest {
        command_id: command["command-id"].as_str()?.to_owned(),
        instance_id: command["instance-id"].as_str()?.to_owned(),
        plugin_name: None,
    };
    let answer = sandbox.account().ssm.get_command_invocation(&sandbox.names().region, &request).ok()?;
    let nanoseconds = answer.standard_output_content.trim().lines().last()?.parse().ok()?;
    Timestamp::from_nanosecond(nanoseconds).ok()
}

fn exited(execution: &Execution, state: &str) -> Option<Timestamp> {
    let events = execution.history().events();
    let exit = events
        .iter()
        .find(|event| matches!(&event.details, Details::StateExited { name, .. } if &**name == state))?;
    Some(exit.timestamp)
}
