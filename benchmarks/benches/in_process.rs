//! Times of single parts in process. `cargo performance in-process` puts them on the page.
#![allow(missing_docs, reason = "criterion's macros write functions without")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot run should stop")]

use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ec2_ops::document::Job;
use ec2_ops::ids::{CommandId, InstanceId, Region};
use ec2_ops::ports::{Clock, Command, Commands, Invocation, SentCommand};
use ec2_ops::{AwsError, Deployment, command};
use ec2_ops_asl::{Environment, Execution, Failure, Identity, StateMachine, TaskTokens};
use ec2_ops_sandbox::deployment::{FUNCTIONS, Template};
use ec2_ops_simulation::rehearsal::{BUCKET, KEY, Plan, rehearse};
use ec2_ops_simulation::simulate::{Options, simulate};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const STARTED: &str = "2026-03-01T05:30:00Z";

fn started() -> Timestamp {
    STARTED.parse().expect("a timestamp")
}

fn document(timeout_s: u32) -> Value {
    json!({
        "commands": ["cd /opt/model", "./prepare --date DAILY", "./run", "aws s3 cp out s3://rehearsal-output/output"],
        "bucket": BUCKET,
        "obj_key": KEY,
        "run_options": { "ii_terminate_instance": true, "timeout_s": timeout_s },
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// The real documents, one after the other.
fn validate(criterion: &mut Criterion) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ec2-ops/tests/corpus");
    let files = std::fs::read_dir(corpus).expect("the corpus");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        std::fs::read(file.expect("a file").path()).expect("a document")
    };
    // Text that is not JSON is refused earlier.
    let documents: Vec<Value> = files.filter_map(|file| serde_json::from_slice(&read(file)).ok()).collect();
    let (next, execution) = (Cell::new(0), ec2_ops::Execution::rehearsal(started()));
    criterion.bench_function("validate", |bencher| {
        bencher.iter(|| {
            next.set((next.get() + 1) % documents.len());
            black_box(Job::resolve(&documents[next.get()], &execution).is_ok())
        });
    });
}

/// An SSM that accepts every command and does nothing.
struct NoSsm;

impl Clock for NoSsm {
    fn now(&self) -> Timestamp {
        started()
    }
}

impl Commands for NoSsm {
    async fn send(&self, _: &Region, command: &Command) -> Result<SentCommand, AwsError> {
        let id = CommandId::new(black_box(&command.script).len().to_string());
        Ok(SentCommand { id, requested_at: None })
    }

    async fn find(&self, _: &Region, _: &InstanceId, _: &str) -> Result<Vec<SentCommand>, AwsError> {
        Ok(Vec::new())
    }

    async fn invocation(
        &self,
        _: &Region,
        _: &InstanceId,
        _: &CommandId,
    ) -> Result<Option<Invocation>, AwsError> {
        Ok(None)
    }
}

fn commander(criterion: &mut Criterion) {
    let deployment = Deployment {
        log_bucket: Some("logs".to_owned()),
        ..Deployment::new("ec2-ops", Region::new("us-east-1"))
    };
    let payload = json!({
        "execution": { "id": "arn:aws:states:us-east-1:000000000000:execution:ec2-ops:run-7", "started": STARTED },
        "attempt": { "number": 1, "started": STARTED },
        "document": document(3_600),
        "retry": 0,
        "instance": { "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": STARTED },
    });
    let runtime = runtime();
    criterion.bench_function("commander", |bencher| {
        bencher.iter_batched(
            || payload.clone(),
            |payload| {
                runtime.block_on(command::handle(payload, &deployment, &NoSsm, &NoSsm)).expect("a command")
            },
            BatchSize::SmallInput,
        );
    });
}

/// Functions that succeed at once.
struct AtOnce(TaskTokens);

impl Environment for AtOnce {
    fn now(&self) -> Timestamp {
        started()
    }

    async fn invoke(&self, invocation: ec2_ops_asl::Invocation) -> Result<Value, Failure> {
        Ok(match invocation.function_name() {
            "EC2StarterFromAMI" => {
                json!({
                    "id": "i-1", "region": "us-east-1", "market": "on-demand", "launched_at": STARTED, "queued": null,
                })
            }
            "Commander" => {
                json!({
                    "id": "c-1", "requested_at": STARTED, "poll_seconds": 72, "deliver_by": STARTED,
                    "end_by": STARTED, "logs": [],
                })
            }
            "EC2Poller" => {
                let token = invocation.payload()["token"].as_str().unwrap_or_default();
                let completed =
                    self.0.send_success(token, r#"{"status":"Success","exit_code":0,"ended_at":null}"#);
                json!({ "waiting": completed.is_err() })
            }
            "RunChecker" => json!({ "result": "Proven", "object": KEY, "last_modified": STARTED, "size": 1 }),
            _ => json!({
                "status": "Succeeded", "attempts": [], "warnings": [], "next": "succeed", "backoff_seconds": 15,
            }),
        })
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

fn interpreter(criterion: &mut Criterion) {
    let text = FUNCTIONS.iter().fold(Template::default().definition, |text, function| {
        text.replace(&format!("${{{}}}", function.name), function.name)
    });
    let machine = StateMachine::parse(&text).expect("the definition");
    let (runtime, environment) = (runtime(), AtOnce(TaskTokens::default()));
    let identity = Identity {
        arn: "arn:aws:states:us-east-1:000000000000:execution:ec2-ops:one".into(),
        name: "one".into(),
        role_arn: "arn:aws:iam::000000000000:role/ec2-ops".into(),
        state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:ec2-ops".into(),
        state_machine_name: "ec2-ops".into(),
    };
    let run = || {
        let execution = Execution::new(identity.clone(), document(3_600), started());
        runtime.block_on(execution.run(&machine, &environment, &environment.0)).status()
    };
    assert_eq!(run(), "SUCCEEDED");
    criterion.bench_function("interpreter", |bencher| bencher.iter(run));
}

fn rehearsal(criterion: &mut Criterion) {
    let plan = Plan {
        document: document(90_000),
        boots_for: Duration::from_secs(20),
        runs_for: Duration::from_hours(24),
        event_delivery: Some(Duration::from_millis(250)),
        call: Duration::from_millis(50),
    };
    criterion.bench_function("rehearsal", |bencher| bencher.iter(|| rehearse(&plan).expect("a record")));
}

/// The times of seeds differ by a factor of a thousand, so a hundred are measured together.
fn seeds(criterion: &mut Criterion) {
    let options = Options { executions: 1, fleet: false, without: None };
    let mut group = criterion.benchmark_group("simulation");
    group.sample_size(10);
    group.bench_function("seeds", |bencher| {
        bencher.iter(|| (0..100).for_each(|seed| drop(black_box(simulate(seed, options, false)))));
    });
    group.finish();
}

criterion_group!(benches, validate, commander, interpreter, rehearsal, seeds);
criterion_main!(benches);
