//! What SSM promises, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::api::{
    CloudWatchOutputConfig, GetCommandInvocationRequest, GetCommandInvocationResponse, GetParameterRequest,
    ListCommandInvocationsRequest, ListCommandsRequest, PutParameterRequest, SendCommandRequest,
};
use super::{EndStatus, OutputStream, Runner, Script, ScriptEnd, Ssm, SsmConfig};
use crate::AwsError;
use crate::lock::lock;
use crate::logs::Logs;
use crate::s3::S3;
use crate::service::testing::perform;
use crate::{Clock, Platform};

const REGION: &str = "us-east-1";
const INSTANCE: &str = "i-00000000000000001";

#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Runner for Recorder {
    fn run(&self, _: &str, script: &Script) {
        lock(&self.0).push(script.text.clone());
    }
    fn cancel(&self, _: &str, _: &str) {}
}

struct World {
    ssm: Ssm,
    s3: Arc<S3>,
    logs: Logs,
    runner: Arc<Recorder>,
    events: Arc<Mutex<Vec<String>>>,
}

fn world() -> World {
    let platform = Arc::new(Platform::new(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), 1));
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    // An event of S3 has no status.
    platform
        .events
        .subscribe(move |event| lock(&seen).extend(event.detail["status"].as_str().map(str::to_owned)));
    let s3 = Arc::new(S3::new(Arc::clone(&platform)));
    let logs = Logs::new(Arc::clone(&platform));
    let runner = Arc::new(Recorder::default());
    let ssm =
        Ssm::new(platform, Arc::clone(&s3), logs.clone(), Arc::clone(&runner) as _, SsmConfig::default());
    World { ssm, s3, logs, runner, events }
}

fn command() -> SendCommandRequest {
    SendCommandRequest {
        document_name: "AWS-RunShellScript".to_owned(),
        instance_ids: vec![INSTANCE.to_owned()],
        parameters: [("commands".to_owned(), vec!["echo".to_owned()])].into(),
        ..SendCommandRequest::default()
    }
}

fn invocation(ssm: &Ssm, command_id: &str) -> Result<GetCommandInvocationResponse, AwsError> {
    let request = GetCommandInvocationRequest {
        command_id: command_id.to_owned(),
        instance_id: INSTANCE.to_owned(),
        plugin_name: None,
    };
    ssm.get_command_invocation(REGION, &request)
}

fn status(ssm: &Ssm, command_id: &str) -> String {
    invocation(ssm, command_id).map_or_else(|error| error.code, |answer| answer.status_details)
}

fn end(stdout: &str) -> ScriptEnd {
    ScriptEnd {
        status: EndStatus::Success,
        exit_code: 0,
        stdout: stdout.to_owned(),
        stderr: String::new(),
        files: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_needs_an_agent_that_is_online() {
    let World { ssm, .. } = world();
    assert_eq!(ssm.send_command(REGION, command()).unwrap_err().code, "InvalidInstanceId");
    ssm.agent_online(REGION, INSTANCE);
    assert!(ssm.send_command(REGION, command()).is_ok());
    assert_eq!(ssm.send_command("eu-west-1", command()).unwrap_err().code, "InvalidInstanceId");
    ssm.agent_offline(INSTANCE);
    assert_eq!(ssm.send_command(REGION, command()).unwrap_err().code, "InvalidInstanceId");
}

#[tokio::test(start_paused = true)]
async fn a_command_is_invisible_then_pending_then_in_progress_then_over() {
    let World { ssm, s3, events, .. } = world();
    s3.create_bucket("logs", REGION).unwrap();
    ssm.agent_online(REGION, INSTANCE);
    let request = SendCommandRequest {
        output_s3_bucket_name: Some("logs".to_owned()),
        output_s3_key_prefix: Some("run".to_owned()),
        ..command()
    };
    let id = ssm.send_command(REGION, request).unwrap().command.command_id;
    assert_eq!(status(&ssm, &id), "InvocationDoesNotExist");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(status(&ssm, &id), "InProgress");
    ssm.ended(&id, end("hello"));
    assert_eq!(status(&ssm, &id), "Success");
    assert_eq!(*lock(&events), ["InProgress", "Success"]);
    let key = format!("run/{id}/{INSTANCE}/awsrunShellScript/0.awsrunShellScript/stdout");
    assert_eq!(s3.get_object("logs", &key).unwrap().body, "hello");
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_agent_is_gone_times_out_in_delivery_and_never_runs() {
    let World { ssm, runner, .. } = world();
    ssm.agent_online(REGION, INSTANCE);
    let request = SendCommandRequest { timeout_seconds: Some(60), ..command() };
    let id = ssm.send_command(REGION, request).unwrap().command.command_id;
    ssm.agent_offline(INSTANCE);
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(status(&ssm, &id), "Pending");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(status(&ssm, &id), "DeliveryTimedOut");
    ssm.agent_online(REGION, INSTANCE);
    assert!(lock(&runner.0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_comes_back_takes_what_was_waiting_once() {
    let World { ssm, runner, .. } = world();
    ssm.agent_online(REGION, INSTANCE);
    ssm.send_command(REGION, command()).unwrap();
    ssm.agent_offline(INSTANCE);
    tokio::time::sleep(Duration::from_secs(5)).await;
    ssm.agent_online(REGION, INSTANCE);
    ssm.agent_online(REGION, INSTANCE);
    assert_eq!(lock(&runner.0).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_command_sent_twice_is_two_commands_and_the_list_has_the_newest_first() {
    let World { ssm, .. } = world();
    ssm.agent_online(REGION, INSTANCE);
    let first = ssm.send_command(REGION, command()).unwrap().command.command_id;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = ssm.send_command(REGION, command()).unwrap().command.command_id;
    let request =
        ListCommandsRequest { instance_id: Some(INSTANCE.to_owned()), ..ListCommandsRequest::default() };
    let listed: Vec<_> = ssm
        .list_commands(REGION, &request)
        .unwrap()
        .commands
        .into_iter()
        .map(|command| command.command_id)
        .collect();
    assert_eq!(listed, [second, first]);
}

#[tokio::test(start_paused = true)]
async fn parameters_that_ssm_would_refuse_or_replace_are_refused() {
    let world = world();
    world.ssm.agent_online(REGION, INSTANCE);
    for (commands, code) in [
        ("x".repeat(64_000), None),
        ("\n".repeat(40_000), Some("MaxDocumentSizeExceeded")),
        ("echo {{ ssm:/prod/db/user }}".to_owned(), Some("NotImplemented")),
        ("docker ps --format '{{.Names}}'".to_owned(), None),
    ] {
        let request =
            SendCommandRequest { parameters: [("commands".to_owned(), vec![commands])].into(), ..command() };
        let refused = world.ssm.send_command(REGION, request).err();
        assert_eq!(refused.as_ref().map(|error| error.code.as_str()), code, "{refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_modelled_is_refused_by_name() {
    let World { ssm, .. } = world();
    let refused = |action: &str, body: &str| {
        perform(&ssm, REGION, action, &serde_json::from_str(body).unwrap()).unwrap_err()
    };
    assert!(refused("StartSession", "{}").message.contains("StartSession"));
    assert!(refused("SendCommand", r#"{"MaxConcurrency": "1"}"#).message.contains("MaxConcurrency"));
    let other = r#"{"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-0123456789abcdef0"], "Parameters": {"commands": ["a"], "workingDirectory": ["/"]}}"#;
    assert!(refused("SendCommand", other).message.contains("workingDirectory"));
    let document = r#"{"DocumentName": "AWS-RunPowerShellScript"}"#;
    assert_eq!(refused("SendCommand", document).code, "InvalidDocument");
}

/// The agent's stream of a command: its messages.
fn streamed(logs: &Logs, group: &str, command: &str, stream: &str) -> Vec<String> {
    let name = format!("{command}/{INSTANCE}/aws-runShellScript/{stream}");
    let input = serde_json::json!({ "logGroupName": group, "logStreamName": name, "startFromHead": true });
    let answer = perform(logs, REGION, "GetLogEvents", &input).unwrap_or_default();
    let events = answer["events"].as_array().cloned().unwrap_or_default();
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn complete_lines_are_in_cloudwatch_logs_while_the_command_runs() {
    let World { ssm, logs, .. } = world();
    ssm.agent_online(REGION, INSTANCE);
    let output = |group: Option<&str>| CloudWatchOutputConfig {
        cloud_watch_output_enabled: Some(true),
        cloud_watch_log_group_name: group.map(str::to_owned),
    };
    let mut ids = Vec::new();
    for group in [Some("/ec2-ops/commands"), None] {
        let request = SendCommandRequest { cloud_watch_output_config: Some(output(group)), ..command() };
        ids.push(ssm.send_command(REGION, request).unwrap().command.command_id);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    ssm.printed(&ids[0], OutputStream::Stdout, b"one\ntwo\nthr");
    ssm.printed(&ids[0], OutputStream::Stderr, b"!\n");
    assert_eq!(streamed(&logs, "/ec2-ops/commands", &ids[0], "stdout"), ["one\ntwo\n"]);
    assert_eq!(streamed(&logs, "/ec2-ops/commands", &ids[0], "stderr"), ["!\n"]);
    ssm.ended(&ids[0], end("one\ntwo\nthree"));
    assert_eq!(streamed(&logs, "/ec2-ops/commands", &ids[0], "stdout"), ["one\ntwo\n", "thr"]);
    ssm.printed(&ids[1], OutputStream::Stdout, b"x\n");
    assert_eq!(streamed(&logs, "/aws/ssm/AWS-RunShellScript", &ids[1], "stdout"), ["x\n"]);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_ask_for_cloudwatch_logs_is_not_there() {
    let World { ssm, logs, .. } = world();
    ssm.agent_online(REGION, INSTANCE);
    let id = ssm.send_command(REGION, command()).unwrap().command.command_id;
    ssm.printed(&id, OutputStream::Stdout, b"one\n");
    let groups = perform(&logs, REGION, "DescribeLogGroups", &serde_json::json!({})).unwrap();
    assert_eq!(groups["logGroups"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_parameter_has_versions_and_a_secret_is_read_with_decryption() {
    let world = world();
    let put = |value: &str, kind: Option<&str>, overwrite: bool| {
        let request = PutParameterRequest {
            name: "/my/token".to_owned(),
            value: value.to_owned(),
            r#type: kind.map(str::to_owned),
            overwrite: Some(overwrite),
        };
        world.ssm.put_parameter(REGION, &request)
    };
    let get = |region: &str, name: &str| {
        let request = GetParameterRequest { name: name.to_owned(), with_decryption: Some(true) };
        world.ssm.get_parameter(region, &request).map(|response| response.parameter.value)
    };
    let code = |error: AwsError| error.code;
    assert_eq!(get(REGION, "/my/token").map_err(code), Err("ParameterNotFound".to_owned()));
    assert_eq!(put("one", Some("SecureString"), false).unwrap().version, 1);
    assert_eq!(put("two", None, false).map_err(code), Err("ParameterAlreadyExists".to_owned()));
    assert_eq!(put("two", None, true).unwrap().version, 2);
    assert_eq!(get(REGION, "/my/token").unwrap(), "two");
    assert_eq!(get(REGION, "/my/token:1").unwrap(), "one");
    assert_eq!(get(REGION, "/my/token:3").map_err(code), Err("ParameterVersionNotFound".to_owned()));
    assert_eq!(get("eu-west-1", "/my/token").map_err(code), Err("ParameterNotFound".to_owned()));
    let undecrypted = GetParameterRequest { name: "/my/token".to_owned(), with_decryption: None };
    assert_eq!(world.ssm.get_parameter(REGION, &undecrypted).map_err(code), Err("NotImplemented".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_token_beyond_the_list_finds_an_empty_page() {
    let World { ssm, .. } = world();
    for token in [usize::MAX.to_string(), "7".to_owned()] {
        let page = perform(&ssm, REGION, "ListCommands", &serde_json::json!({ "NextToken": token })).unwrap();
        assert_eq!(page["Commands"], serde_json::json!([]));
    }
}

#[tokio::test(start_paused = true)]
async fn the_details_of_an_invocation_have_its_output() {
    let World { ssm, .. } = world();
    ssm.agent_online(REGION, INSTANCE);
    let id = ssm.send_command(REGION, command()).unwrap().command.command_id;
    tokio::time::sleep(Duration::from_secs(10)).await;
    ssm.ended(&id, ScriptEnd { stderr: "why".to_owned(), ..end("what") });
    let listed = |details| {
        let request = ListCommandInvocationsRequest { details, ..ListCommandInvocationsRequest::default() };
        ssm.list_command_invocations(REGION, &request).unwrap().command_invocations.remove(0).command_plugins
    };
    assert_eq!(listed(false), []);
    let plugins = listed(true);
    assert_eq!(plugins[0].name, "aws:runShellScript");
    assert_eq!(plugins[0].output, "what\n----------ERROR-------\nwhy");
    let invocation = invocation(&ssm, &id).unwrap();
    let milliseconds = regex::Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$").unwrap();
    assert!(milliseconds.is_match(&invocation.execution_end_date_time), "{invocation:?}");
    assert_eq!(invocation.execution_elapsed_time.len(), "PT9.732S".len(), "{invocation:?}");
}
