//! Triggers: a new object starts an execution, once, and its key is only a value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops_sandbox::deployment::{Template, Trigger};
use ec2_ops_sandbox::fault_plan::{EventFault, Fault, FaultPlan};
use ec2_ops_sandbox::s3::ListObjectsV2;
use ec2_ops_sandbox::{Conditions, lock};

use crate::harness::aws::Served;
use crate::harness::{LONG, TestSandbox, document, until, workspace};

const BUCKET: &str = "sandbox-output";
/// What the name of the trigger's state machine has after that of the deployment.
const TRIGGER: &str = "-trigger-uploads";

/// A sandbox in which an object under `new/` starts a document that writes down which object it was.
fn conditions(faults: FaultPlan) -> Conditions {
    let mut document = document(&[
        "printf 's3://%s/%s' \"$INPUT_BUCKET\" \"$INPUT_KEY\" | aws s3 cp - \"s3://$EC2_OPS_OUTPUT_BUCKET/$EC2_OPS_OUTPUT_KEY\"",
    ]);
    document["bucket"] = BUCKET.into();
    document["obj_key"] = "seen/$EC2_OPS_EXECUTION".into();
    let trigger = Trigger { bucket: BUCKET.to_owned(), prefix: "new/".to_owned(), document };
    let triggers = BTreeMap::from([("uploads".to_owned(), trigger)]);
    Conditions { template: Template { triggers, ..Template::default() }, faults, ..Conditions::default() }
}

/// What the executions have written down, by their names.
fn seen(sandbox: &TestSandbox) -> BTreeMap<String, String> {
    let s3 = &sandbox.account().s3;
    let query = ListObjectsV2 { prefix: "seen/", ..ListObjectsV2::default() };
    let listed = s3.list_objects_v2(BUCKET, query).unwrap();
    let content = |key: &str| String::from_utf8(s3.get_object(BUCKET, key).unwrap().body.to_vec()).unwrap();
    listed.contents.iter().map(|(key, _)| (key["seen/".len()..].to_owned(), content(key))).collect()
}

/// The latest status of each execution, by state machine and name.
#[derive(Clone, Default)]
struct Executions(Arc<Mutex<BTreeMap<(String, String), String>>>);

impl Executions {
    fn of(sandbox: &TestSandbox) -> Self {
        let own = Self::default();
        let sink = own.clone();
        sandbox.account().platform.events.subscribe(move |event| {
            let text = |field: &str| event.detail[field].as_str().unwrap_or_default().to_owned();
            if event.source == "aws.states" {
                lock(&sink.0).insert((text("stateMachineArn"), text("name")), text("status"));
            }
        });
        own
    }

    /// Those of the state machine whose name is the deployment's and `suffix`, as `name status`.
    fn with(&self, suffix: &str) -> Vec<String> {
        let all = lock(&self.0);
        let of_machine = all.iter().filter(|((arn, _), _)| arn.ends_with(&format!(":ec2-ops{suffix}")));
        of_machine.map(|((_, name), status)| format!("{name} {status}")).collect()
    }

    /// Waits until so many of the trigger, and so many that they started, have ended.
    async fn all_ended(&self, triggered: usize, started: usize) {
        let ended = tokio::time::timeout(LONG, async {
            loop {
                let (starts, runs) = (self.with(TRIGGER), self.with(""));
                let running = starts.iter().chain(&runs).any(|execution| execution.ends_with("RUNNING"));
                if (starts.len(), runs.len(), running) == (triggered, started, false) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(ended.await.is_ok(), "{:?}", self.0);
    }
}

#[test]
fn the_key_of_a_new_object_reaches_the_commands_as_a_value_and_nothing_else() {
    let canary = std::env::temp_dir().join(format!("ec2-ops-canary-{}", std::process::id()));
    let keys = [
        "new/plain.csv".to_owned(),
        format!(
            "new/it's \"quoted\" $(touch {0}) `touch {0}`; touch {0} $HOME \\ %s * .csv",
            canary.display()
        ),
        "new/two\nlines, and {{x}} <event> ${INPUT_KEY}".to_owned(),
        format!("new/{}", "é🦀".repeat(170)),
    ];
    TestSandbox::under(conditions(FaultPlan::default()), &[], async |sandbox| {
        let (s3, executions) = (&sandbox.account().s3, Executions::of(sandbox));
        for key in &keys {
            s3.put_object(BUCKET, key, "data").unwrap();
        }
        s3.put_object(BUCKET, "elsewhere/new/x", "data").unwrap();
        executions.all_ended(keys.len(), keys.len()).await;
        let expected: BTreeSet<_> = keys.iter().map(|key| format!("s3://{BUCKET}/{key}")).collect();
        assert_eq!(seen(sandbox).into_values().collect::<BTreeSet<_>>(), expected);
        assert!(!canary.exists(), "a key was run");
        sandbox.assert_empty().await;
    });
}

#[test]
fn an_event_that_comes_twice_starts_one_execution() {
    // The second one while the execution runs, and after it has ended.
    for delay in [Duration::ZERO, Duration::from_secs(8)] {
        let doubled =
            Fault::Event { detail_type: "Object Created", nth: 1, fault: EventFault::Doubled(delay) };
        TestSandbox::under(conditions(FaultPlan::new([doubled])), &[], async |sandbox| {
            let executions = Executions::of(sandbox);
            sandbox.account().s3.put_object(BUCKET, "new/x", "data").unwrap();
            executions.all_ended(2, 1).await;
            let starts = executions.with(TRIGGER);
            assert!(starts.iter().all(|start| start.ends_with(" SUCCEEDED")), "{starts:?}");
            let runs = executions.with("");
            let [run] = &runs[..] else { panic!("{runs:?}") };
            assert!(run.starts_with("uploads-") && run.ends_with(" SUCCEEDED"), "{run}");
            // The same object again is another event.
            sandbox.account().s3.put_object(BUCKET, "new/x", "data").unwrap();
            executions.all_ended(3, 2).await;
        });
    }
}

#[test]
fn serve_starts_a_document_for_what_the_aws_cli_uploads() {
    let trigger = format!("sandbox-output/new/={}", workspace().join("examples/trigger.json").display());
    let Some(served) = Served::start_with(&["--trigger", &trigger]) else { return };
    let upload = workspace().join("examples/hello.json").display().to_string();
    served.aws(&["s3", "cp", &upload, "s3://sandbox-output/new/it's new.json"]).unwrap();
    let listed = || served.aws(&["s3", "ls", "s3://sandbox-output/triggered/"]).unwrap_or_default();
    until("the output", || !listed().is_empty());
    let name = listed().split_whitespace().last().unwrap().to_owned();
    assert!(name.starts_with("trigger-"), "{name}");
    let content = served.aws(&["s3", "cp", &format!("s3://sandbox-output/triggered/{name}"), "-"]).unwrap();
    assert_eq!(content, "there is s3://sandbox-output/new/it's new.json\n");
    assert_eq!(served.finish().code(), Some(0));
}
