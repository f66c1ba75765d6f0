//! `ec2-ops serve` under the real AWS CLI, with the arguments that a user types.

use std::io::{Read as _, Write as _};

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

    let instance = output["outcome"]["attempts"][0]["instances"][0].as_str().unwrap();
    let filter = format!("Name=tag:ec2-ops:execution,Values={arn}");
    let found = served.json(&["ec2", "describe-instances", "--filters", &filter]);
    assert_eq!(found["Reservations"][0]["Instances"][0]["InstanceId"], instance);
    assert_eq!(found["Reservations"][0]["Instances"][0]["State"]["Name"], "terminated");

    let commands = served.json(&["ssm", "list-commands", "--instance-id", instance]);
    let command = commands["Commands"][0]["CommandId"].as_str().unwrap();
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
    assert_eq!(invoke("ec2-ops-EC2Poller"), json!({ "StatusCode": 200, "ExecutedVersion": "$LATEST" }));
    assert_eq!(std::fs::read_to_string(&answer).unwrap(), "null");
    assert_eq!(invoke("ec2-ops-Commander")["FunctionError"], "Unhandled");
    let error: Value = serde_json::from_str(&std::fs::read_to_string(&answer).unwrap()).unwrap();
    assert_eq!(error["errorType"], "InternalError");

    // The client asks for page after page.
    let paged = served.json(&["lambda", "list-functions", "--page-size", "2"]);
    assert_eq!(paged, served.json(&["lambda", "list-functions"]));
    let refused = served.aws(&["lambda", "list-functions", "--page-size", "10001"]).unwrap_err();
    assert!(refused.contains("(ValidationException)") && refused.contains("at 'maxItems'"), "{refused}");
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
    for (call, name) in [
        (&["ec2", "describe-vpcs"][..], "the action DescribeVpcs of EC2"),
        (&["ssm", "describe-parameters"], "the action DescribeParameters of SSM"),
        (&["s3api", "get-bucket-acl", "--bucket", "sandbox-output"], "the action GetBucketAcl of S3"),
        (&["lambda", "list-layers"], "of Lambda"),
        (&["sts", "get-session-token"], "the action GetSessionToken of STS"),
        (&["iam", "list-users"], "the service iam"),
        (&["cloudwatch", "list-metrics"], "the service monitoring"),
        (&["eks", "list-clusters"], "the service eks"),
    ] {
        let refused = served.aws(call).unwrap_err();
        assert!(refused.contains("(NotImplemented)"), "{refused}");
        assert!(
            refused.contains("the ec2-ops sandbox does not model") && refused.contains(name),
            "{refused}"
        );
    }
    served.finish();
}

#[test]
fn the_caller_is_identified_and_a_key_of_another_start_is_refused() {
    let Some(mut served) = Served::start() else { return };
    let identity = served.json(&["sts", "get-caller-identity"]);
    assert_eq!(identity["Account"], "000000000000");
    assert_eq!(identity["Arn"], "arn:aws:iam::000000000000:user/owner");
    served.export("AWS_ACCESS_KEY_ID", "sandbox");
    for call in [
        &["sts", "get-caller-identity"][..],
        &["ec2", "describe-instances"],
        &["s3", "ls"],
        &["ssm", "list-commands"],
    ] {
        let refused = served.aws(call).unwrap_err();
        assert!(refused.contains("not one of this ec2-ops sandbox"), "{refused}");
    }
    served.finish();
}

#[test]
fn a_presigned_url_is_served() {
    let Some(served) = Served::start() else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "presigned").unwrap();
    served.aws(&["s3", "cp", &file.path().display().to_string(), "s3://sandbox-output/k"]).unwrap();
    let url = served.aws(&["s3", "presign", "s3://sandbox-output/k", "--expires-in", "60"]).unwrap();
    let (host, path) = url.trim().strip_prefix("http://").and_then(|rest| rest.split_once('/')).unwrap();
    let mut connection = std::net::TcpStream::connect(host).unwrap();
    write!(connection, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\npresigned"), "{answer}");
    served.finish();
}

#[test]
fn a_key_of_ones_own_is_taken_and_one_that_cannot_be_a_key_is_refused() {
    let ops = Ops::start(["serve", "--port", "0", "--key", "sandbox"]);
    until("the guide", || ops.stdout().contains("Ctrl-C ends it"));
    assert!(ops.stdout().contains("export AWS_ACCESS_KEY_ID=sandbox "), "{}", ops.stdout());
    ops.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(ops.finish().code(), Some(0));
    let finished = Ops::start(["serve", "--port", "0", "--key", "a b"]).finish();
    assert_eq!(finished.code(), Some(2));
    assert!(
        finished.stderr.contains("an access key id has 1 to 64 letters and digits"),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_port_in_use_is_named_with_a_remedy() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = Ops::start(["serve", "--port", port.as_str()]).finish();
    assert_eq!(finished.code(), Some(3));
    assert_eq!(
        finished.stderr,
        format!(
            "error: cannot start the sandbox: port {port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one\n"
        )
    );
}
