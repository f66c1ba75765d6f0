//! A Map state whose executions start executions of another state machine.

use super::*;

/// A state machine with a Map state over lines in S3. Each starts an execution of `world`'s machine, which takes ten seconds.
fn fleet(world: &World, lines: &str) -> Value {
    world.s3.create_bucket("rows", REGION).unwrap();
    world.s3.put_object("rows", "rows", lines.as_bytes().to_vec()).unwrap();
    let s3 = |action: &str| format!("arn:aws:states:::s3:{action}");
    let definition = json!({
        "StartAt": "Rows",
        "States": {
            "Rows": {
                "Type": "Map",
                "Label": "Rows",
                "MaxConcurrency": 2,
                "ToleratedFailurePercentage": 100,
                "ItemReader": {
                    "Resource": s3("getObject"), "ReaderConfig": { "InputType": "JSONL" },
                    "Parameters": { "Bucket": "rows", "Key": "rows" },
                },
                "ItemSelector": { "index.$": "$$.Map.Item.Index", "row.$": "$$.Map.Item.Value" },
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                    "StartAt": "Start",
                    "States": { "Start": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::states:startExecution.sync:2",
                        "Parameters": {
                            "StateMachineArn": world.machine,
                            "Name.$": "States.Format('f-{}', $.index)",
                            "Input.$": "$.row",
                        },
                        "ResultSelector": { "answer.$": "$.Output" },
                        "End": true,
                    } },
                },
                "ResultWriter": { "Resource": s3("putObject"), "Parameters": { "Bucket": "rows", "Prefix": "results" } },
                "End": true,
            },
        },
    });
    let body = json!({
        "name": "fleet", "definition": definition.to_string(), "roleArn": "arn:aws:iam::000000000000:role/r",
    });
    let machine = call(&world.states, "CreateStateMachine", &body).unwrap()["stateMachineArn"].clone();
    let started = call(&world.states, "StartExecution", &json!({ "stateMachineArn": machine, "name": "f" }));
    started.unwrap()["executionArn"].clone()
}

/// The response of the map run of `execution`.
fn map_run(world: &World, execution: &Value) -> Value {
    let listed = call(&world.states, "ListMapRuns", &json!({ "executionArn": execution })).unwrap();
    let run = &listed["mapRuns"][0]["mapRunArn"];
    call(&world.states, "DescribeMapRun", &json!({ "mapRunArn": run })).unwrap()
}

fn statuses(world: &World, body: &Value) -> Vec<Value> {
    let listed = call(&world.states, "ListExecutions", body).unwrap();
    listed["executions"].as_array().unwrap().iter().map(|execution| execution["status"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_row_is_an_ordinary_execution_and_the_run_counts_them() {
    let world = world();
    let arn = fleet(&world, "{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3}\n");
    tokio::time::sleep(Duration::from_secs(11)).await;
    let run = map_run(&world, &arn);
    let counts = &run["executionCounts"];
    assert_eq!(
        (&counts["total"], &counts["succeeded"], &counts["running"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!((&run["status"], &run["maxConcurrency"]), (&json!("RUNNING"), &json!(2)));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let described = describe(&world, &arn);
    assert_eq!(described["status"], "SUCCEEDED");
    assert_eq!(statuses(&world, &json!({ "stateMachineArn": world.machine })), ["SUCCEEDED"; 3]);
    let children = json!({ "mapRunArn": run["mapRunArn"] });
    assert_eq!(statuses(&world, &children), ["SUCCEEDED"; 3]);
    let listed = call(&world.states, "ListExecutions", &children).unwrap();
    let child = describe(&world, &listed["executions"][0]["executionArn"]);
    assert_eq!(child["output"], r#"{"answer":{"a":3}}"#);
    let history =
        call(&world.states, "GetExecutionHistory", &json!({ "executionArn": child["executionArn"] }));
    assert_eq!(history.unwrap()["events"][4]["type"], "TaskSubmitted");
    let result: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    let manifest =
        world.s3.get_object("rows", result["ResultWriterDetails"]["Key"].as_str().unwrap()).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest.body).unwrap();
    assert_eq!(manifest["ResultFiles"]["SUCCEEDED"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_abort_of_the_fleet_stops_what_its_rows_started() {
    let world = world();
    let arn = fleet(&world, "{}\n{\"a\": 2}\n{\"a\": 3}\n");
    tokio::time::sleep(Duration::from_secs(1)).await;
    call(&world.states, "StopExecution", &json!({ "executionArn": arn })).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(statuses(&world, &json!({ "stateMachineArn": world.machine })), ["ABORTED"; 2]);
    let run = map_run(&world, &arn);
    assert_eq!((&run["status"], &run["executionCounts"]["aborted"]), (&json!("ABORTED"), &json!(2)));
    assert_eq!(statuses(&world, &json!({ "mapRunArn": run["mapRunArn"] })), ["ABORTED"; 2]);
    // A run that is over cannot be updated.
    let update = json!({ "mapRunArn": run["mapRunArn"], "maxConcurrency": 9 });
    assert_eq!(call(&world.states, "UpdateMapRun", &update).unwrap_err().code, "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn the_cap_of_a_run_can_be_raised_while_it_runs() {
    let world = world();
    let arn = fleet(&world, "1\n2\n3\n4\n");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let update = json!({ "mapRunArn": map_run(&world, &arn)["mapRunArn"], "maxConcurrency": 4 });
    call(&world.states, "UpdateMapRun", &update).unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(describe(&world, &arn)["status"], "SUCCEEDED");
}

#[tokio::test(start_paused = true)]
async fn map_runs_and_their_executions_are_named_by_arns() {
    let world = world();
    let code = |action: &str, body: Value| call(&world.states, action, &body).unwrap_err().code;
    let absent = "arn:aws:states:us-east-1:000000000000:mapRun:fleet/Rows:x";
    assert_eq!(code("DescribeMapRun", json!({ "mapRunArn": absent })), "ResourceNotFound");
    assert_eq!(code("DescribeMapRun", json!({ "mapRunArn": world.machine })), "InvalidArn");
    assert_eq!(code("ListExecutions", json!({ "mapRunArn": absent })), "ResourceNotFound");
    let both = json!({ "mapRunArn": absent, "stateMachineArn": world.machine });
    assert_eq!(code("ListExecutions", both), "ValidationException");
    assert_eq!(code("ListExecutions", json!({})), "ValidationException");
}
