//! The behaviour of Step Functions, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::StepFunctions;
use crate::lambda::{Lambda, Request};
use crate::lock::lock;
use crate::s3::S3;
use crate::service::testing::perform;
use crate::{AwsError, Clock, Platform};

mod fleets;

const REGION: &str = "us-east-1";

struct World {
    s3: Arc<S3>,
    states: StepFunctions,
    machine: String,
    statuses: Arc<Mutex<Vec<String>>>,
}

/// A state machine that waits ten seconds and then asks the function `echo`.
fn world() -> World {
    let platform = Arc::new(Platform::new(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), 1));
    let statuses = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&statuses);
    // An event of S3 has no status.
    platform
        .events
        .subscribe(move |event| lock(&seen).extend(event.detail["status"].as_str().map(str::to_owned)));
    let lambda = Lambda::new(Arc::clone(&platform));
    let echo = |request: Request| -> crate::lambda::Running { Box::pin(async move { Ok(request.payload) }) };
    lambda.create_function(REGION, "echo", Duration::from_secs(3), Arc::new(echo));
    let s3 = Arc::new(S3::new(Arc::clone(&platform)));
    let states = StepFunctions::new(platform, lambda, Arc::clone(&s3));
    let definition = json!({
        "StartAt": "Pause",
        "States": {
            "Pause": { "Type": "Wait", "Seconds": 10, "Next": "Echo" },
            "Echo": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": { "FunctionName": "echo", "Payload.$": "$" },
                "OutputPath": "$.Payload",
                "End": true
            }
        }
    });
    let created = call(
        &states,
        "CreateStateMachine",
        &json!({ "name": "m", "definition": definition.to_string(), "roleArn": "arn:aws:iam::000000000000:role/r" }),
    );
    let machine = created.unwrap()["stateMachineArn"].as_str().unwrap().to_owned();
    World { s3, states, machine, statuses }
}

fn call(states: &StepFunctions, action: &str, body: &Value) -> Result<Value, AwsError> {
    perform(states, REGION, action, body)
}

fn start(world: &World, name: &str, input: &Value) -> Result<Value, AwsError> {
    let body = json!({ "stateMachineArn": world.machine, "name": name, "input": input.to_string() });
    call(&world.states, "StartExecution", &body)
}

fn describe(world: &World, arn: &Value) -> Value {
    call(&world.states, "DescribeExecution", &json!({ "executionArn": arn })).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_execution_runs_to_its_end_and_says_so_on_the_bus() {
    let world = world();
    let arn = start(&world, "one", &json!({ "a": 1 })).unwrap()["executionArn"].clone();
    assert_eq!(arn, "arn:aws:states:us-east-1:000000000000:execution:m:one");
    assert_eq!(describe(&world, &arn)["status"], "RUNNING");
    tokio::time::sleep(Duration::from_secs(11)).await;
    let described = describe(&world, &arn);
    assert_eq!((&described["status"], &described["output"]), (&json!("SUCCEEDED"), &json!(r#"{"a":1}"#)));
    assert_eq!(*lock(&world.statuses), ["RUNNING", "SUCCEEDED"]);
    let metadata = json!({ "executionArn": arn, "includedData": "METADATA_ONLY" });
    let metadata = call(&world.states, "DescribeExecution", &metadata).unwrap();
    assert_eq!(metadata["status"], "SUCCEEDED");
    assert!(metadata.get("input").is_none() && metadata.get("output").is_none(), "{metadata}");
}

#[tokio::test(start_paused = true)]
async fn the_same_name_and_input_find_the_running_execution_and_nothing_else_does() {
    let world = world();
    let first = start(&world, "one", &json!({})).unwrap();
    assert_eq!(start(&world, "one", &json!({})).unwrap(), first);
    assert_eq!(start(&world, "one", &json!({ "b": 1 })).unwrap_err().code, "ExecutionAlreadyExists");
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(start(&world, "one", &json!({})).unwrap_err().code, "ExecutionAlreadyExists");
}

#[tokio::test(start_paused = true)]
async fn stopping_is_final() {
    let world = world();
    let arn = start(&world, "one", &json!({})).unwrap()["executionArn"].clone();
    tokio::time::sleep(Duration::from_secs(1)).await;
    call(&world.states, "StopExecution", &json!({ "executionArn": arn, "error": "Mine", "cause": "enough" }))
        .unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let described = describe(&world, &arn);
    assert_eq!((&described["status"], &described["error"]), (&json!("ABORTED"), &json!("Mine")));
    assert_eq!(*lock(&world.statuses), ["RUNNING", "ABORTED"]);
}

#[tokio::test(start_paused = true)]
async fn a_history_is_read_in_pages_and_backwards() {
    let world = world();
    let arn = start(&world, "one", &json!({})).unwrap()["executionArn"].clone();
    tokio::time::sleep(Duration::from_secs(11)).await;
    let page =
        call(&world.states, "GetExecutionHistory", &json!({ "executionArn": arn, "maxResults": 2 })).unwrap();
    assert_eq!(page["events"].as_array().unwrap().len(), 2);
    let rest = json!({ "executionArn": arn, "nextToken": page["nextToken"] });
    let rest = call(&world.states, "GetExecutionHistory", &rest).unwrap();
    assert_eq!((&rest["events"][0]["id"], &rest["nextToken"]), (&json!(3), &Value::Null));
    let last = json!({ "executionArn": arn, "maxResults": 1, "reverseOrder": true });
    let last = call(&world.states, "GetExecutionHistory", &last).unwrap();
    assert_eq!(last["events"][0]["type"], "ExecutionSucceeded");
}

#[tokio::test(start_paused = true)]
async fn executions_are_listed_newest_first_and_by_status() {
    let world = world();
    for name in ["one", "two"] {
        start(&world, name, &json!({})).unwrap();
        tokio::time::sleep(Duration::from_secs(9)).await;
    }
    let names = |body: Value| -> Vec<String> {
        let listed = call(&world.states, "ListExecutions", &body).unwrap();
        listed["executions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(json!({ "stateMachineArn": world.machine })), ["two", "one"]);
    assert_eq!(names(json!({ "stateMachineArn": world.machine, "statusFilter": "RUNNING" })), ["two"]);
}

#[tokio::test(start_paused = true)]
async fn bad_calls_are_refused_in_aws_words() {
    let world = world();
    let code = |action: &str, body: Value| call(&world.states, action, &body).unwrap_err().code;
    let arn = &world.machine;
    assert_eq!(
        code("StartExecution", json!({ "stateMachineArn": arn, "input": "{nonsense" })),
        "InvalidExecutionInput"
    );
    assert_eq!(code("StartExecution", json!({ "stateMachineArn": arn, "name": "a b" })), "InvalidName");
    let large = json!({ "stateMachineArn": arn, "input": format!("\"{}\"", "x".repeat(300 * 1024)) });
    assert_eq!(code("StartExecution", large), "ValidationException");
    assert_eq!(
        code("StartExecution", json!({ "stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:x" })),
        "StateMachineDoesNotExist"
    );
    assert_eq!(
        code("CreateStateMachine", json!({ "name": "n", "definition": "{}", "roleArn": "r" })),
        "InvalidDefinition"
    );
    assert_eq!(code("SendTaskSuccess", json!({ "taskToken": "nonsense", "output": "{}" })), "InvalidToken");
    assert_eq!(code("StartSyncExecution", json!({})), "NotImplemented");
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_no_state_changes_keeps_its_text() {
    let world = world();
    let definition =
        json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }).to_string();
    let role = "arn:aws:iam::000000000000:role/r";
    let body = json!({ "name": "p", "definition": definition, "roleArn": role });
    let machine = call(&world.states, "CreateStateMachine", &body).unwrap()["stateMachineArn"].clone();
    let text = r#"{"b": 1e2, "a": [12345678901234567890123, 1.50]}"#;
    let body = json!({ "stateMachineArn": machine, "input": text });
    let arn = call(&world.states, "StartExecution", &body).unwrap()["executionArn"].clone();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let described = describe(&world, &arn);
    assert_eq!((&described["input"], &described["output"]), (&json!(text), &json!(text)));
}

#[tokio::test(start_paused = true)]
async fn an_arn_names_something_of_its_own_kind_in_its_own_region() {
    let world = world();
    let arn = start(&world, "one", &json!({})).unwrap()["executionArn"].clone();
    let code = |region: &str, action: &str, body: &Value| {
        perform(&world.states, region, action, body).map(drop).map_err(|error| error.code)
    };
    let (machine, execution) = (json!({ "stateMachineArn": world.machine }), json!({ "executionArn": arn }));
    assert_eq!(code(REGION, "DescribeExecution", &execution), Ok(()));
    for (action, body, absent) in [
        ("DescribeStateMachine", &machine, "StateMachineDoesNotExist"),
        ("ListExecutions", &machine, "StateMachineDoesNotExist"),
        ("StartExecution", &machine, "StateMachineDoesNotExist"),
        ("DescribeExecution", &execution, "ExecutionDoesNotExist"),
        ("GetExecutionHistory", &execution, "ExecutionDoesNotExist"),
        ("StopExecution", &execution, "ExecutionDoesNotExist"),
    ] {
        assert_eq!(code("eu-west-1", action, body), Err(absent.to_owned()), "{action}");
    }
    for (action, body) in [
        ("DescribeExecution", json!({ "executionArn": world.machine })),
        ("StartExecution", json!({ "stateMachineArn": arn })),
        ("StopExecution", json!({ "executionArn": "one" })),
        ("DescribeExecution", json!({ "executionArn": "arn:aws:states:us-east-1:000000000000:execution:m" })),
    ] {
        assert_eq!(code(REGION, action, &body), Err("InvalidArn".to_owned()), "{action} {body}");
    }
    let version = json!({ "stateMachineArn": format!("{}:1", world.machine) });
    assert_eq!(code(REGION, "StartExecution", &version), Err("NotImplemented".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_history_without_data_has_no_inputs_and_outputs() {
    let world = world();
    let arn = start(&world, "one", &json!({ "secret": "s3cr3t" })).unwrap()["executionArn"].clone();
    tokio::time::sleep(Duration::from_secs(11)).await;
    let history = |body: &Value| call(&world.states, "GetExecutionHistory", body).unwrap().to_string();
    assert!(history(&json!({ "executionArn": arn })).contains("s3cr3t"));
    let bare = history(&json!({ "executionArn": arn, "includeExecutionData": false }));
    assert!(!bare.contains("s3cr3t") && bare.contains("TaskSucceeded"), "{bare}");
}

#[tokio::test(start_paused = true)]
async fn an_execution_keeps_the_state_machine_with_which_it_began() {
    let world = world();
    let arn = start(&world, "one", &json!({})).unwrap()["executionArn"].clone();
    let definition =
        json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }).to_string();
    let update = json!({ "stateMachineArn": world.machine, "definition": definition });
    let updated = call(&world.states, "UpdateStateMachine", &update).unwrap();
    assert!(updated["revisionId"].is_string(), "{updated}");
    let described = |body: Value| {
        call(&world.states, "DescribeStateMachineForExecution", &body).unwrap()["definition"].clone()
    };
    assert!(described(json!({ "executionArn": arn })).as_str().unwrap().contains("Pause"));
    let next = start(&world, "two", &json!({})).unwrap()["executionArn"].clone();
    assert_eq!(described(json!({ "executionArn": next })), json!(definition));
    assert_eq!(described(json!({ "executionArn": next, "includedData": "METADATA_ONLY" })), Value::Null);
    tokio::time::sleep(Duration::from_secs(11)).await;
    for arn in [&arn, &next] {
        assert_eq!(describe(&world, arn)["status"], "SUCCEEDED");
    }
    let code = |body: Value| call(&world.states, "UpdateStateMachine", &body).unwrap_err().code;
    assert_eq!(code(json!({ "stateMachineArn": world.machine })), "MissingRequiredParameter");
    assert_eq!(code(json!({ "stateMachineArn": world.machine, "definition": "{}" })), "InvalidDefinition");
}

#[tokio::test(start_paused = true)]
async fn a_definition_is_validated_without_a_state_machine() {
    let world = world();
    let validate = |definition: &str| {
        call(&world.states, "ValidateStateMachineDefinition", &json!({ "definition": definition })).unwrap()
    };
    let fine = json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }).to_string();
    assert_eq!(validate(&fine), json!({ "result": "OK", "diagnostics": [], "truncated": false }));
    let bad = validate(r#"{ "StartAt": "Q", "States": { "P": { "Type": "Pass", "End": true } } }"#);
    assert_eq!((&bad["result"], &bad["diagnostics"][0]["severity"]), (&json!("FAIL"), &json!("ERROR")));
}

/// One that starts executions of `world.machine`, as a trigger does.
fn starter(world: &World) -> String {
    let definition = json!({
        "StartAt": "Start",
        "States": {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution",
                "Parameters": { "StateMachineArn": world.machine, "Name.$": "$.name", "Input": { "key.$": "$.key" } },
                "Catch": [{ "ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"], "Next": "Again" }],
                "End": true
            },
            "Again": { "Type": "Pass", "Result": "again", "End": true }
        }
    });
    let body = json!({ "name": "starter", "definition": definition.to_string(), "roleArn": "arn:aws:iam::000000000000:role/r" });
    call(&world.states, "CreateStateMachine", &body).unwrap()["stateMachineArn"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn an_execution_starts_another_which_has_its_name_once() {
    let world = world();
    let machine = starter(&world);
    let key = "it's \"a\" $(key)\n";
    let input = json!({ "name": "one", "key": key }).to_string();
    let mut outputs = Vec::new();
    for _ in 0..2 {
        let body = json!({ "stateMachineArn": machine, "input": input });
        let arn = call(&world.states, "StartExecution", &body).unwrap()["executionArn"].clone();
        tokio::time::sleep(Duration::from_secs(11)).await;
        let output = describe(&world, &arn)["output"].as_str().unwrap().to_owned();
        outputs.push(serde_json::from_str::<Value>(&output).unwrap());
    }
    let started = json!("arn:aws:states:us-east-1:000000000000:execution:m:one");
    assert_eq!((&outputs[0]["ExecutionArn"], &outputs[1]), (&started, &json!("again")));
    let described = describe(&world, &started);
    assert_eq!(described["input"], json!({ "key": key }).to_string());
    assert_eq!(described["status"], "SUCCEEDED");
}

#[tokio::test(start_paused = true)]
async fn a_redrive_continues_a_stopped_execution_and_its_client_token_does_so_once() {
    let world = world();
    let arn = start(&world, "one", &json!({ "a": 1 })).unwrap()["executionArn"].clone();
    let redrive = |token: &str| {
        let body = json!({ "executionArn": arn, "clientToken": token });
        call(&world.states, "RedriveExecution", &body)
    };
    assert_eq!(redrive("first").unwrap_err().code, "ExecutionNotRedrivable");
    tokio::time::sleep(Duration::from_secs(9)).await;
    call(&world.states, "StopExecution", &json!({ "executionArn": arn })).unwrap();
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(describe(&world, &arn)["redriveStatus"], "REDRIVABLE");
    let redriven = redrive("first").unwrap();
    assert_eq!(redrive("first").unwrap(), redriven);
    let running = describe(&world, &arn);
    assert_eq!((&running["status"], &running["redriveCount"]), (&json!("RUNNING"), &json!(1)));
    assert_eq!(running["redriveDate"], redriven["redriveDate"]);

    tokio::time::sleep(Duration::from_secs(11)).await;
    let ended = describe(&world, &arn);
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!(r#"{"a":1}"#)));
    assert_eq!(ended["redriveStatusReason"], "Execution is SUCCEEDED and cannot be redriven.");
    assert_eq!(*lock(&world.statuses), ["RUNNING", "ABORTED", "RUNNING", "SUCCEEDED"]);
}

#[tokio::test(start_paused = true)]
async fn two_weeks_after_its_end_an_execution_cannot_be_redriven() {
    let world = world();
    let arn = start(&world, "one", &json!({})).unwrap()["executionArn"].clone();
    call(&world.states, "StopExecution", &json!({ "executionArn": arn })).unwrap();
    tokio::time::sleep(Duration::from_hours(14 * 24 + 1)).await;
    let refused = call(&world.states, "RedriveExecution", &json!({ "executionArn": arn })).unwrap_err();
    assert_eq!(refused.message, "Execution redrivable period exceeded.");
    assert_eq!(describe(&world, &arn)["redriveStatus"], "NOT_REDRIVABLE");
}
