//! One suite for both implementations of the ports: the model in process, and the AWS SDK over HTTP to the same account.
//!
//! The same questions must get the same answers, and the same error codes. The adapter reads its settings from the
//! environment, as in a Lambda, so it runs in its own process.

mod questions;
mod scene;

use std::process::Command;

use ec2_ops::ids::Region;
use ec2_ops_aws::{dynamodb::WakeTable, ec2::Ec2, s3::S3, sdk, sfn::Sfn, ssm::Ssm};
use ec2_ops_sandbox::fault_plan::{CallFault, Fault, FaultPlan};
use serde_json::Value;

use questions::Ports;
use scene::{CALLER, Scene};

/// The variables for the adapter: the scene as JSON, and which questions to ask.
const ABOUT: &str = "EC2_OPS_CONFORMANCE_SCENE";
const ASK: &str = "EC2_OPS_CONFORMANCE_QUESTIONS";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The process of the adapter. Prints one answer on each line.
#[test]
#[ignore = "the other tests start it"]
fn adapter() {
    let about: Value = serde_json::from_str(&std::env::var(ABOUT).unwrap()).unwrap();
    runtime().block_on(async {
        let config = sdk::config(&Region::new(scene::REGION)).unwrap();
        let (ec2, ssm, s3, sfn) = (Ec2::new(&config), Ssm::new(&config), S3::new(&config), Sfn::new(&config));
        let tokens = WakeTable::new(&config, scene::WAKE_TABLE);
        let ports = Ports { ec2: &ec2, ssm: &ssm, s3: &s3, tokens: &tokens, executions: &sfn };
        let answers = match std::env::var(ASK).unwrap().as_str() {
            "all" => ports.ask(&about).await,
            _ => ports.ask_once(&about).await,
        };
        for answer in answers {
            println!("answer {answer}");
        }
    });
}

/// The answers of the adapter, which runs in its own process.
async fn adapter_answers((url, key): &(String, String), about: &Value, questions: &str) -> Vec<String> {
    let mut adapter = Command::new(std::env::current_exe().unwrap());
    adapter
        .args(["--exact", "--ignored", "--nocapture", "conformance::adapter"])
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", "sandbox")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(ABOUT, about.to_string())
        .env(ASK, questions);
    let done = tokio::task::spawn_blocking(move || adapter.output().unwrap()).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}{err}");
    // The test harness prints its own text before the first answer.
    out.lines().filter_map(|line| line.split_once("answer ")).map(|(_, answer)| answer.to_owned()).collect()
}

#[test]
fn the_ports_give_the_same_answers_in_process_and_over_http() {
    runtime().block_on(async {
        let scene = Scene::set().await;
        let endpoint = scene.serve(FaultPlan::default()).await;
        let in_process = scene.ports(FaultPlan::default());
        let expected = Ports::of_one(&in_process).ask(&scene.about().await).await;
        let answers = adapter_answers(&endpoint, &scene.about().await, "all").await;
        assert_eq!(answers, expected);
        assert!(expected.len() > 40, "{}", expected.len());
    });
}

#[test]
fn a_fault_is_the_same_error_in_process_and_over_http() {
    runtime().block_on(async {
        let scene = Scene::set().await;
        for fault in [CallFault::ErrorBefore, CallFault::Throttled, CallFault::LostAnswer] {
            let first = |action| Fault::Call { function: CALLER, action, nth: 1, fault };
            let plans = [(); 2].map(|()| FaultPlan::new(scene::ACTIONS.map(first)));
            let endpoint = scene.serve(plans[0].clone()).await;
            let in_process = scene.ports(plans[1].clone());
            let expected = Ports::of_one(&in_process).ask_once(&scene.about().await).await;
            let answers = adapter_answers(&endpoint, &scene.about().await, "once").await;
            assert_eq!(answers, expected, "{fault:?}");
            assert_eq!(plans.map(|plan| plan.unfired()), [vec![], vec![]], "{fault:?}");
        }
    });
}
