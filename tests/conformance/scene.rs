//! The account of the suite: instances, commands, objects, tokens and executions in all states.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops_sandbox::deployment::Names;
use ec2_ops_sandbox::ec2::api::{RunInstancesRequest, Tag, TagSpecification, TerminateInstancesRequest};
use ec2_ops_sandbox::ec2::{Ec2Config, Hypervisor, InstanceFacts, Times};
use ec2_ops_sandbox::fault_plan::FaultPlan;
use ec2_ops_sandbox::http::Endpoint;
use ec2_ops_sandbox::lambda::{Request, Running};
use ec2_ops_sandbox::ssm::{EndStatus, Runner, Script, ScriptEnd, SsmConfig, api::SendCommandRequest};
use ec2_ops_sandbox::stepfunctions::api::StartExecutionRequest;
use ec2_ops_sandbox::{AccessKeys, Account, AccountConfig, MachineEvent};
use ec2_ops_simulation::PlannedGate;
use ec2_ops_simulation::ports::Ports;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::harness::LONG;

pub(super) const REGION: &str = "us-east-1";
pub(super) const WAKE_TABLE: &str = "ec2-ops-wake";
/// The name of the caller in plans of faults.
pub(super) const CALLER: &str = "conformance";
/// Every action that the functions call.
pub(super) const ACTIONS: [&str; 23] = [
    "RunInstances",
    "DescribeInstances",
    "StopInstances",
    "TerminateInstances",
    "DescribeVolumes",
    "DetachVolume",
    "DeleteVolume",
    "DescribeInstanceInformation",
    "SendCommand",
    "ListCommands",
    "GetCommandInvocation",
    "HeadBucket",
    "HeadObject",
    "ListObjectsV2",
    "PutItem",
    "GetItem",
    "DeleteItem",
    "SendTaskSuccess",
    "SendTaskFailure",
    "DescribeExecution",
    "GetExecutionHistory",
    "GetObject",
    "PutObject",
];

/// Instances of this image have no agent.
const NO_AGENT: &str = "ami-0aaaaaaaaaaaaaaaa";
/// More than one page of any listing.
const CROWD: usize = 1005;
const COMMANDS: usize = 60;

/// Machines whose agents come online at once, and whose scripts end at once.
struct Prompt(mpsc::UnboundedSender<MachineEvent>);

impl Hypervisor for Prompt {
    fn power_on(&self, instance: &InstanceFacts) {
        if instance.image_id != NO_AGENT {
            self.0.send(MachineEvent::Ready { instance: instance.instance_id.clone() }).unwrap();
        }
    }

    fn power_off(&self, _: &str) {}
}

impl Runner for Prompt {
    fn run(&self, _: &str, script: &Script) {
        let (status, exit_code) =
            if script.text == "exit 3" { (EndStatus::Failed, 3) } else { (EndStatus::Success, 0) };
        let end =
            ScriptEnd { status, exit_code, stdout: String::new(), stderr: "why\n".to_owned(), files: None };
        self.0.send(MachineEvent::Ended { command: script.command_id.clone(), end }).unwrap();
    }

    fn cancel(&self, _: &str, _: &str) {}
}

pub(super) struct Scene {
    account: Account,
    state_machine: String,
    /// The task tokens of the executions, in the order of their starts.
    tokens: Arc<Mutex<Vec<String>>>,
    about: Value,
}

impl Scene {
    /// Creates the account, and waits until everything is in its state.
    pub(super) async fn set() -> Self {
        let (events, received) = mpsc::unbounded_channel();
        let config = AccountConfig {
            seed: 7,
            ec2: Ec2Config { times: Times::fast(), ..Ec2Config::default() },
            ssm: SsmConfig::fast(),
        };
        let account = Account::new(Timestamp::now(), config, Arc::new(Prompt(events)), received);
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let state_machine = state_machine(&account, &tokens);
        let mut scene = Self { account, state_machine, tokens, about: Value::Null };
        scene.objects();
        scene.table();
        let ready = scene.launch("ami-0bbbbbbbbbbbbbbbb", "ready");
        let bare = scene.launch(NO_AGENT, "bare");
        let gone = scene.launch(NO_AGENT, "gone");
        for _ in 0..CROWD {
            scene.launch(NO_AGENT, "crowd");
        }
        scene.until(|scene| scene.online(&ready)).await;
        let request = TerminateInstancesRequest { instance_ids: vec![gone.clone()], ..Default::default() };
        scene.account.ec2.terminate_instances(REGION, &request).unwrap();
        let first = scene.send(&ready, "mine", "true");
        let failed = scene.send(&ready, "failed", "exit 3");
        for _ in 0..COMMANDS {
            scene.send(&ready, "other", "true");
        }
        // The times of SSM have milliseconds, and `find` must return the older command.
        tokio::time::sleep(Duration::from_millis(5)).await;
        scene.send(&ready, "mine", "true");
        for command in [&first, &failed] {
            scene.until(|scene| scene.ended(&ready, command)).await;
        }
        let over = scene.start(&json!({ "end": true }));
        let running = scene.start(&json!({ "end": false }));
        scene.until(|scene| scene.over(&over)).await;
        scene
            .until(|scene| {
                scene.states().iter().all(|state| *state != "pending" && *state != "shutting-down")
            })
            .await;
        scene.about = json!({
            "ready": ready, "bare": bare, "gone": gone, "first": first, "failed": failed,
            "over": over, "running": running,
        });
        scene
    }

    /// The ids in the scene, with two new task tokens for this caller.
    pub(super) async fn about(&self) -> Value {
        let before = self.tokens.lock().unwrap().len();
        for _ in 0..2 {
            self.start(&json!({ "end": false }));
        }
        self.until(|scene| scene.tokens.lock().unwrap().len() >= before + 2).await;
        let mut about = self.about.clone();
        about["tokens"] = json!(self.tokens.lock().unwrap()[before..]);
        about
    }

    pub(super) fn ports(&self, plan: FaultPlan) -> Ports<PlannedGate> {
        let names = Names { wake_table: WAKE_TABLE.to_owned(), ..Names::default() };
        Ports::new(self.account.clone(), Arc::new(names), PlannedGate { function: CALLER, plan })
    }

    /// Serves the account until the runtime ends. Returns its URL, and the caller's access key id.
    pub(super) async fn serve(&self, plan: FaultPlan) -> (String, String) {
        let endpoint = Endpoint::bind(0).await.unwrap();
        let (url, keys) = (endpoint.url(), AccessKeys::random().unwrap());
        let key = keys.of_function(CALLER);
        tokio::spawn(endpoint.serve(self.account.clone(), keys, plan));
        (url, key)
    }

    fn objects(&self) {
        let s3 = &self.account.s3;
        s3.create_bucket("bucket", REGION).unwrap();
        for key in (0..CROWD).map(|index| format!("many/{index:04}")) {
            s3.put_object("bucket", &key, "x").unwrap();
        }
        for (key, body) in [("run/out.nc", "12345"), ("runner", "1234567"), ("one", "1")] {
            s3.put_object("bucket", key, body).unwrap();
        }
    }

    fn table(&self) {
        let table = json!({
            "TableName": WAKE_TABLE,
            "AttributeDefinitions": [{ "AttributeName": "instance_id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "instance_id", "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.account.dynamodb.call(REGION, "CreateTable", table.to_string().as_bytes()).unwrap();
    }

    fn launch(&self, image: &str, name: &str) -> String {
        let tags = |kind: &str| TagSpecification {
            resource_type: kind.to_owned(),
            tags: vec![Tag::new("scene", name)],
        };
        let request = RunInstancesRequest {
            image_id: Some(image.to_owned()),
            instance_type: Some("t4g.nano".to_owned()),
            tag_specifications: vec![tags("instance"), tags("volume")],
            ..RunInstancesRequest::default()
        };
        let reservation = self.account.ec2.run_instances(REGION, &request).unwrap();
        reservation.instances[0].instance_id.clone()
    }

    fn send(&self, instance: &str, comment: &str, script: &str) -> String {
        let request = SendCommandRequest {
            document_name: "AWS-RunShellScript".to_owned(),
            instance_ids: vec![instance.to_owned()],
            parameters: [("commands".to_owned(), vec![script.to_owned()])].into(),
            comment: Some(comment.to_owned()),
            ..Default::default()
        };
        self.account.ssm.send_command(REGION, request).unwrap().command.command_id
    }

    fn start(&self, input: &Value) -> String {
        let request = StartExecutionRequest {
            state_machine_arn: self.state_machine.clone(),
            name: None,
            input: Some(input.to_string()),
        };
        self.account.stepfunctions.start_execution(request).unwrap().execution_arn
    }

    fn online(&self, instance: &str) -> bool {
        let request = json!({ "Filters": [{ "Key": "InstanceIds", "Values": [instance] }] });
        let request = serde_json::from_value(request).unwrap();
        let agents = self.account.ssm.describe_instance_information(REGION, &request).unwrap();
        !agents.instance_information_list.is_empty()
    }

    fn ended(&self, instance: &str, command: &str) -> bool {
        let request = json!({ "CommandId": command, "InstanceId": instance });
        let request = serde_json::from_value(request).unwrap();
        let invocation = self.account.ssm.get_command_invocation(REGION, &request);
        invocation.is_ok_and(|invocation| !invocation.execution_end_date_time.is_empty())
    }

    fn over(&self, execution: &str) -> bool {
        self.account.stepfunctions.execution(execution).unwrap().history().ending().is_some()
    }

    fn states(&self) -> Vec<&'static str> {
        self.account.ec2.instances().iter().map(|instance| instance.state().as_str()).collect()
    }

    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, waiting).await.unwrap();
    }
}

/// A state machine that ends at once, or waits until its token is completed.
fn state_machine(account: &Account, tokens: &Arc<Mutex<Vec<String>>>) -> String {
    let seen = Arc::clone(tokens);
    let keep = move |request: Request| -> Running {
        seen.lock().unwrap().push(request.payload.as_str().unwrap().to_owned());
        Box::pin(async { Ok(Value::Null) })
    };
    account.lambda.create_function(REGION, "keep", Duration::from_secs(9), Arc::new(keep));
    let definition = json!({
        "StartAt": "Choose",
        "States": {
            "Choose": {
                "Type": "Choice",
                "Choices": [{ "Variable": "$.end", "BooleanEquals": true, "Next": "Over" }],
                "Default": "Wait",
            },
            "Wait": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": { "FunctionName": "keep", "Payload.$": "$$.Task.Token" },
                "End": true,
            },
            "Over": { "Type": "Succeed" },
        },
    });
    let role = "arn:aws:iam::000000000000:role/scene";
    let request = json!({ "name": "scene", "definition": definition.to_string(), "roleArn": role });
    let request = serde_json::from_value(request).unwrap();
    account.stepfunctions.create_state_machine(REGION, request).unwrap().state_machine_arn
}
