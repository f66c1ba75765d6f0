//! `ec2-ops serve` under the real AWS CLI, with the arguments that a user types.

use serde_json::{Value, json};

use crate::harness::aws::Served;
use crate::harness::{Ops, document, until, workspace};

#[test]
fn the_aws_cli_starts_and_inspects_an_execution() {
    let Some(served) = Served::start() else { return };
    let input = format!("file://{}", workspace().join("examples/hello.json").display());
    let arn = served.start_execution("first", &input);
    let described = served.ended(&arn);
    assert_eq!(described["status"], "SUCCEEDED", "{described:#}");
    let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["outcome"]["status"], "Succeeded");

    the_history_names_the_steps(&served, &arn);
    let machine = served.state_machine();
    let listed = served.json(&["stepfunctions", "list-executions", "--state-machine-arn", &machine]);
    assert_eq!(listed["executions"][0]["executionArn"], arn.as_str());

    let instance = output["instance"]["id"].as_str().unwrap();
    let filter = format!("Name=tag:ec2-ops:execution,Values={arn}");
    let found = served.json(&["ec2", "describe-instances", "--filters", &filter]);
    assert_eq!(found["Reservations"][0]["Instances"][0]["InstanceId"], instance);
    assert_eq!(found["Reservations"][0]["Instances"][0]["State"]["Name"], "terminated");

    let command = output["command"]["id"].as_str().unwrap();
    let invocation =
        served.json(&["ssm", "get-command-invocation", "--command-id", command, "--instance-id", instance]);
    assert_eq!(invocation["Status"], "Success", "{invocation:#}");

    let object = served.aws(&["s3", "ls", "s3://sandbox-output", "--recursive"]).unwrap();
    assert!(object.ends_with(" hello/hello.txt\n"), "{object}");
    let content = served.aws(&["s3", "cp", "s3://sandbox-output/hello/hello.txt", "-"]).unwrap();
    assert!(content.starts_with("hello from "), "{content}");
    assert_eq!(served.finish().code(), Some(0));
}

fn the_history_names_the_steps(served: &Served, arn: &str) {
    let history = served.json(&["stepfunctions", "get-execution-history", "--execution-arn", arn]);
    let events = history["events"].as_array().unwrap();
    let entered = events.iter().filter(|event| event["type"] == "TaskStateEntered");
    let names: Vec<_> =
        entered.map(|event| event["stateEnteredEventDetails"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["EC2StarterFromAMI", "Boot", "Commander", "EC2Poller", "RunChecker", "EC2Stopper"]);
    assert_eq!(events.last().unwrap()["type"], "ExecutionSucceeded");
}

#[test]
fn the_aws_cli_invokes_a_function() {
    let Some(served) = Served::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let [event, answer] = ["event.json", "answer.json"].map(|name| directory.path().join(name));
    // An event about an instance without a waiting execution.
    let detail = json!({ "instance-id": "i-0123456789abcdef0", "state": "stopped" });
    let notification = json!({ "detail-type": "EC2 Instance State-change Notification", "detail": detail });
    std::fs::write(&event, notification.to_string()).unwrap();
    let payload = format!("fileb://{}", event.display());
    let invoke = |function: &str| {
        let answer = answer.display().to_string();
        served.json(&["lambda", "invoke", "--function-name", function, "--payload", &payload, &answer])
    };
    assert_eq!(invoke("EC2Poller"), json!({ "StatusCode": 200 }));
    assert_eq!(std::fs::read_to_string(&answer).unwrap(), "null");
    assert_eq!(invoke("Commander")["FunctionError"], "Unhandled");
    let error: Value = serde_json::from_str(&std::fs::read_to_string(&answer).unwrap()).unwrap();
    assert_eq!(error["errorType"], "InternalError");
    served.finish();
}

#[test]
fn a_stopped_execution_leaves_nothing_running() {
    let Some(served) = Served::start() else { return };
    let arn = served.start_execution("stopped", &document(&["sleep 3600"]).to_string());
    let state = || {
        let filter = format!("Name=tag:ec2-ops:execution,Values={arn}");
        let found = served.json(&["ec2", "describe-instances", "--filters", &filter]);
        found["Reservations"][0]["Instances"][0]["State"]["Name"].as_str().map(str::to_owned)
    };
    until("the instance", || state().as_deref() == Some("running"));
    served.json(&["stepfunctions", "stop-execution", "--execution-arn", &arn]);
    assert_eq!(served.ended(&arn)["status"], "ABORTED");
    until("the instance to be terminated", || state().as_deref() == Some("terminated"));
    served.finish();
}

#[test]
fn an_action_that_is_not_modelled_is_refused_by_name() {
    let Some(served) = Served::start() else { return };
    let refused = served.aws(&["ec2", "describe-vpcs"]).unwrap_err();
    assert!(refused.contains("DescribeVpcs"), "{refused}");
    let refused = served.aws(&["sqs", "list-queues"]).unwrap_err();
    assert!(refused.contains("sqs"), "{refused}");
    served.finish();
}

#[test]
fn a_port_in_use_is_named_with_a_remedy() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = Ops::start(["serve", "--port", port.as_str()]).finish();
    assert_eq!(finished.code(), Some(2));
    assert_eq!(
        finished.stderr,
        format!(
            "error: cannot start the sandbox: port {port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one\n"
        )
    );
}
