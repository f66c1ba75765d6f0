//! The Map state: an execution for each item.

use std::collections::BTreeMap;

use super::*;
use crate::failure::EXCEED_TOLERATED_FAILURE_THRESHOLD;

/// Functions, with an S3 and the map runs of an account.
struct Account {
    functions: Arc<Functions>,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    runs: Mutex<Vec<Arc<MapRun>>>,
    children: Mutex<Vec<Arc<Execution>>>,
    ended: Mutex<Vec<String>>,
    /// The ends of nested executions by the name, and the names of those that were stopped.
    nested: Mutex<BTreeMap<String, Value>>,
    stopped: Mutex<Vec<String>>,
    /// Makes names differ.
    drawn: Mutex<f64>,
}

impl Account {
    fn new(script: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self {
            functions: Functions::new(script),
            objects: Mutex::default(),
            runs: Mutex::default(),
            children: Mutex::default(),
            ended: Mutex::default(),
            nested: Mutex::default(),
            stopped: Mutex::default(),
            drawn: Mutex::default(),
        })
    }

    async fn run(&self, definition: &Value, input: Value) -> Run {
        let execution = Execution::for_tests(input);
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let ending = execution.run(&machine, self, &self.functions.tokens).await;
        let events = execution.history().events();
        check_shape(&events);
        Run { ending, events, took: self.functions.started.elapsed() }
    }

    fn start(
        self: &Arc<Self>,
        definition: &Value,
        input: Value,
    ) -> (Arc<Execution>, tokio::task::JoinHandle<Ending>) {
        let execution = Arc::new(Execution::for_tests(input));
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let (account, running) = (Arc::clone(self), Arc::clone(&execution));
        let run =
            tokio::spawn(async move { running.run(&machine, &*account, &account.functions.tokens).await });
        (execution, run)
    }

    fn counts(&self) -> MapRunCounts {
        self.runs.lock().unwrap()[0].state().counts
    }

    fn object(&self, key_end: &str) -> Value {
        let objects = self.objects.lock().unwrap();
        let (_, body) = objects.iter().find(|(key, _)| key.ends_with(key_end)).unwrap();
        serde_json::from_slice(body).unwrap()
    }
}

impl Environment for Account {
    fn now(&self) -> Timestamp {
        self.functions.now()
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Value, Failure> {
        self.functions.invoke(invocation).await
    }

    fn fraction(&self) -> f64 {
        let mut drawn = self.drawn.lock().unwrap();
        *drawn = (*drawn + 0.618_034).fract();
        *drawn
    }

    async fn start_execution(&self, start: StartExecution) -> Result<Value, Failure> {
        match start.name.as_deref() {
            Some("taken") => {
                Err(Failure::new("StepFunctions.ExecutionAlreadyExistsException", "Execution Already Exists"))
            }
            name => Ok(json!({"ExecutionArn": name, "StartDate": 0})),
        }
    }

    async fn execution_ended(&self, arn: &str) -> Value {
        tokio::time::sleep(Duration::from_mins(1)).await;
        self.nested.lock().unwrap()[arn].clone()
    }

    fn stop_execution(&self, arn: &str) {
        self.stopped.lock().unwrap().push(arn.to_owned());
    }

    async fn get_object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, String> {
        let objects = self.objects.lock().unwrap();
        objects
            .get(&format!("{bucket}/{key}"))
            .cloned()
            .ok_or_else(|| "The specified key does not exist.".to_owned())
    }

    async fn put_object(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), String> {
        if bucket == "missing" {
            return Err("The specified bucket does not exist".to_owned());
        }
        self.objects.lock().unwrap().insert(format!("{bucket}/{key}"), body);
        Ok(())
    }

    fn map_run_started(&self, run: &Arc<MapRun>) {
        self.runs.lock().unwrap().push(Arc::clone(run));
    }

    fn child_started(&self, _: &MapRun, child: &Arc<Execution>) {
        self.children.lock().unwrap().push(Arc::clone(child));
    }

    fn child_ended(&self, child: &Execution) {
        let (ending, _) = child.history().ending().unwrap();
        self.ended.lock().unwrap().push(ending.status().to_owned());
    }
}

/// A machine whose Map state gives each item to `processor`, changed by `change`.
fn mapping(processor: &Value, change: &Value) -> Value {
    let mut map = json!({
        "Type": "Map",
        "Label": "Rows",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Row",
            "States": {"Row": processor},
        },
        "End": true,
    });
    map.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    machine(&map)
}

/// What a Map state needs that tolerates failures.
fn tolerant() -> Value {
    json!({
        "ToleratedFailurePercentage": 100,
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results", "Prefix": "out"},
        },
    })
}

fn nested() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": "arn:other", "Name.$": "$.name", "Input.$": "$"},
        "End": true,
    })
}

#[tokio::test(start_paused = true)]
async fn each_item_is_the_input_of_an_execution_and_the_outputs_keep_their_order() {
    let account = Account::new([takes(3, Answer::Returns(json!("slow"))), Answer::Returns(json!("fast"))]);
    let processor = task(&json!({"OutputPath": "$.Payload"}));
    let run = account.run(&mapping(&processor, &json!({})), json!([1, 2])).await;
    assert_eq!(run.output(), &json!(["slow", "fast"]));
    let types = run.types();
    let expected = [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(types, expected);
    assert_eq!(run.event("MapStateStarted")["mapStateStartedEventDetails"], json!({"length": 2}));
    // What follows a Map state is linked to the end of its run.
    let previous: Vec<_> = run.events.iter().map(|event| event.previous_event_id).collect();
    assert_eq!(previous, [0, 0, 2, 3, 4, 5, 5, 7]);
    let children = account.children.lock().unwrap();
    let arn = &children[0].identity().arn;
    assert!(arn.starts_with("arn:aws:states:eu-west-1:000000000000:execution:machine/Rows:"), "{arn}");
    assert_ne!(arn, &children[1].identity().arn);
    let run_arn = run.event("MapRunStarted")["mapRunStartedEventDetails"]["mapRunArn"].clone();
    let run_arn = run_arn.as_str().unwrap();
    assert!(run_arn.starts_with("arn:aws:states:eu-west-1:000000000000:mapRun:machine/Rows:"), "{run_arn}");
    assert_eq!(account.runs.lock().unwrap()[0].state().status(), "SUCCEEDED");
    assert_eq!(account.counts(), MapRunCounts { total: 2, succeeded: 2, ..MapRunCounts::default() });
}

#[tokio::test(start_paused = true)]
async fn an_item_selector_sees_the_item_its_index_and_the_input() {
    let account = Account::new([]);
    let change = json!({
        "ItemsPath": "$.rows",
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "row.$": "$$.Map.Item.Value.a", "base.$": "$.base"},
    });
    let pass = json!({"Type": "Pass", "End": true});
    let run = account.run(&mapping(&pass, &change), json!({"base": 7, "rows": [{"a": 1}, {"a": 2}]})).await;
    assert_eq!(run.output(), &json!([{"i": 0, "row": 1, "base": 7}, {"i": 1, "row": 2, "base": 7}]));
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_the_limit_and_an_update_changes_it() {
    let account = Account::new((0..10).map(|_| takes(10, Answer::Returns(json!(0)))));
    let change = json!({"MaxConcurrencyPath": "$.limit", "ItemsPath": "$.rows"});
    let definition = mapping(&task(&json!({})), &change);
    let (_, run) = account.start(&definition, json!({"limit": 2, "rows": vec![0; 10]}));
    tokio::time::sleep(Duration::from_secs(11)).await;
    let counts = account.counts();
    assert_eq!((counts.succeeded, counts.running, counts.pending()), (2, 2, 6));
    let map_run = Arc::clone(&account.runs.lock().unwrap()[0]);
    map_run.update(MapRunUpdate { max_concurrency: Some(5), ..MapRunUpdate::default() });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(account.counts().running, 5);
    assert_eq!(run.await.unwrap().status(), "SUCCEEDED");
    assert_eq!(account.counts().succeeded, 10);
}

#[tokio::test(start_paused = true)]
async fn a_failure_over_the_threshold_ends_the_run_and_stops_its_executions() {
    let account = Account::new([takes(5, fails("Broken")), Answer::Hangs]);
    let run = account.run(&mapping(&task(&json!({})), &json!({})), json!([1, 2])).await;
    assert_eq!(run.failure().0, EXCEED_TOLERATED_FAILURE_THRESHOLD);
    assert_eq!(run.types()[4..], ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]);
    assert_eq!(*account.ended.lock().unwrap(), ["FAILED", "ABORTED"]);
    assert_eq!(account.counts(), MapRunCounts { total: 2, failed: 1, aborted: 1, ..MapRunCounts::default() });
    assert_eq!(account.runs.lock().unwrap()[0].state().status(), "FAILED");
}

#[tokio::test(start_paused = true)]
async fn the_threshold_is_a_count_or_a_percentage() {
    let writer = &tolerant()["ResultWriter"];
    for (change, failures, fails_run) in [
        (json!({"ToleratedFailureCount": 1}), 1, false),
        (json!({"ToleratedFailureCount": 1}), 2, true),
        (json!({"ToleratedFailurePercentage": 50}), 2, false),
        (json!({"ToleratedFailurePercentage": 49}), 2, true),
        (json!({"ToleratedFailurePercentage": 100}), 4, false),
        (json!({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 0}), 1, true),
    ] {
        let account = Account::new((0..failures).map(|_| fails("Broken")));
        let mut change = change;
        change["ResultWriter"] = writer.clone();
        let run = account.run(&mapping(&task(&json!({})), &change), json!([1, 2, 3, 4])).await;
        assert_eq!(run.ending.status() == "FAILED", fails_run, "{change} {failures}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_items_can_be_lines_or_an_array_in_s3() {
    let reader = |kind: &str, more: &Value| {
        let mut config = json!({"InputType": kind});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
            "Parameters": {"Bucket.$": "$.bucket", "Key": "rows"},
        }})
    };
    let pass = json!({"Type": "Pass", "End": true});
    for (kind, more, body, expected) in [
        ("JSONL", json!({}), "{\"a\": 1}\n\n2\n", Ok(json!([{"a": 1}, 2]))),
        ("JSONL", json!({"MaxItems": 1}), "1\n2\n", Ok(json!([1]))),
        ("JSON", json!({}), "[1, [2]]", Ok(json!([1, [2]]))),
        ("JSONL", json!({}), "1\n{\n", Err("s3://b/rows: line 2")),
        ("JSON", json!({}), "{}", Err("s3://b/rows: expected an array")),
    ] {
        let account = Account::new([]);
        account.objects.lock().unwrap().insert("b/rows".to_owned(), body.into());
        let run = account.run(&mapping(&pass, &reader(kind, &more)), json!({"bucket": "b"})).await;
        match expected {
            Ok(output) => {
                assert_eq!(run.output(), &output, "{body}");
                assert_eq!(run.event("MapStateStarted")["mapStateStartedEventDetails"]["length"], 0);
            }
            Err(why) => {
                let (error, cause) = run.failure();
                assert!(error == "States.ItemReaderFailed" && cause.contains(why), "{error} {cause}");
                assert_eq!(run.types()[4], "MapRunFailed");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_result_writer_lists_every_end_and_the_state_names_the_manifest() {
    let account = Account::new([Answer::Returns(json!("fine")), fails("Broken")]);
    let definition = mapping(&task(&json!({"OutputPath": "$.Payload"})), &tolerant());
    let run = account.run(&definition, json!([1, 2])).await;
    let details = &run.output()["ResultWriterDetails"];
    let key = details["Key"].as_str().unwrap();
    assert!(
        details["Bucket"] == "results" && key.starts_with("out/") && key.ends_with("/manifest.json"),
        "{key}"
    );
    let manifest = account.object("manifest.json");
    assert_eq!(manifest["MapRunArn"], run.output()["MapRunArn"]);
    assert_eq!(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"], key.replace("manifest", "SUCCEEDED_0"));
    assert_eq!(manifest["ResultFiles"]["PENDING"], json!([]));
    let (succeeded, failed) = (account.object("SUCCEEDED_0.json"), account.object("FAILED_0.json"));
    assert_eq!((&succeeded[0]["Output"], &succeeded[0]["Input"]), (&json!("\"fine\""), &json!("1")));
    assert_eq!((&failed[0]["Status"], &failed[0]["Error"]), (&json!("FAILED"), &json!("Broken")));
    assert_eq!(account.counts().results_written, 2);
}

#[tokio::test(start_paused = true)]
async fn results_can_be_lines() {
    let account = Account::new([]);
    let mut change = tolerant();
    change["ResultWriter"]["WriterConfig"] = json!({"Transformation": "NONE", "OutputType": "JSONL"});
    let run = account.run(&mapping(&task(&json!({"OutputPath": "$.Payload"})), &change), json!([1, 2])).await;
    run.output();
    let file = account.object("manifest.json")["ResultFiles"]["SUCCEEDED"][0].clone();
    let objects = account.objects.lock().unwrap();
    let body = &objects[&format!("results/{}", file["Key"].as_str().unwrap())];
    assert_eq!(file["Size"], body.len());
    let lines: Vec<Value> =
        String::from_utf8_lossy(body).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| &line["Output"]).collect::<Vec<_>>(), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn results_that_cannot_be_written_fail_the_run() {
    let account = Account::new([]);
    let mut change = tolerant();
    change["ResultWriter"]["Parameters"]["Bucket"] = json!("missing");
    let run = account.run(&mapping(&task(&json!({})), &change), json!([1])).await;
    assert_eq!(run.failure(), ("States.ResultWriterFailed", "The specified bucket does not exist"));
}

#[tokio::test(start_paused = true)]
async fn an_abort_of_the_parent_stops_every_child_and_what_it_waits_for() {
    let account = Account::new([]);
    let (parent, run) = account.start(&mapping(&nested(), &json!({})), json!([{"name": "a"}, {"name": "b"}]));
    tokio::time::sleep(Duration::from_secs(1)).await;
    parent.abort(account.now(), Failure::default());
    assert_eq!(run.await.unwrap().status(), "ABORTED");
    assert_eq!(*account.ended.lock().unwrap(), ["ABORTED", "ABORTED"]);
    let mut stopped = account.stopped.lock().unwrap().clone();
    stopped.sort();
    assert_eq!(stopped, ["a", "b"]);
    assert_eq!(account.runs.lock().unwrap()[0].state().status(), "ABORTED");
}

#[tokio::test(start_paused = true)]
async fn a_map_state_can_be_retried_and_each_try_is_a_run_of_its_own() {
    let account = Account::new([fails("Broken")]);
    let retry =
        json!({"Retry": [{"ErrorEquals": [EXCEED_TOLERATED_FAILURE_THRESHOLD], "IntervalSeconds": 30}]});
    let run = account.run(&mapping(&task(&json!({"OutputPath": "$.Payload"})), &retry), json!([1])).await;
    assert_eq!(run.output(), &json!([1]));
    assert_eq!(run.took, Duration::from_secs(30));
    let runs = account.runs.lock().unwrap();
    assert_eq!(runs.iter().map(|run| run.state().status()).collect::<Vec<_>>(), ["FAILED", "SUCCEEDED"]);
    assert_ne!(runs[0].arn, runs[1].arn);
}

#[tokio::test(start_paused = true)]
async fn a_nested_execution_gives_its_description_as_json() {
    let account = Account::new([]);
    let ended =
        json!({"Status": "SUCCEEDED", "Input": "{\"name\":\"n\"}", "Output": "{\"x\":1}", "Name": "n"});
    account.nested.lock().unwrap().insert("n".to_owned(), ended);
    let run = account.run(&machine(&nested()), json!({"name": "n"})).await;
    assert_eq!(
        run.output(),
        &json!({"Status": "SUCCEEDED", "Input": {"name": "n"}, "Output": {"x": 1}, "Name": "n"})
    );
    assert_eq!(run.types()[2..6], ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]);
    let scheduled = &run.event("TaskScheduled")["taskScheduledEventDetails"];
    assert_eq!(
        (&scheduled["resourceType"], &scheduled["resource"]),
        (&json!("states"), &json!("startExecution.sync:2"))
    );
    assert!(account.stopped.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_nested_execution_that_does_not_succeed_fails_the_task_and_its_description_is_the_cause() {
    let account = Account::new([]);
    let ended = json!({"Status": "ABORTED", "Name": "n"});
    account.nested.lock().unwrap().insert("n".to_owned(), ended);
    let run = account.run(&machine(&nested()), json!({"name": "n"})).await;
    assert_eq!(run.failure(), ("States.TaskFailed", r#"{"Status":"ABORTED","Name":"n"}"#));
    let run = account.run(&machine(&nested()), json!({"name": "taken"})).await;
    assert_eq!(run.failure().0, "StepFunctions.ExecutionAlreadyExistsException");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_stops_the_nested_execution() {
    let account = Account::new([]);
    let mut task = nested();
    task["TimeoutSeconds"] = json!(10);
    let run = account.run(&machine(&task), json!({"name": "n"})).await;
    assert_eq!(run.failure().0, "States.Timeout");
    assert_eq!(*account.stopped.lock().unwrap(), ["n"]);
}
