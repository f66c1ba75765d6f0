//! What AWS, or else the sandbox, answered to `ec2-ops smoke`, read by the ports.

use std::fs;
use std::path::Path;

use ec2_ops::AwsError;
use ec2_ops::ids::{CommandId, ExecutionId, InstanceId, Region};
use ec2_ops::ports::{Commands, Executions, Instances, Volumes};
use ec2_ops::tags::Tags;
use serde_json::Value;

use crate::ec2::Ec2;
use crate::replay::{Replay, http};
use crate::sfn::Sfn;
use crate::ssm::Ssm;

/// The recorded answers, each with the file that it is in.
fn answers() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let records = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    let answers = records.flat_map(|file| {
        let record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let answers = record["answers"].as_array().unwrap().clone();
        answers.into_iter().map(move |answer| (file.display().to_string(), answer))
    });
    answers.collect()
}

/// Whether the port that calls `action` can read the answer; nothing if no port does.
async fn read(action: &str, answer: &Value) -> Option<Result<(), AwsError>> {
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    let replay = Replay::new([http(status, answer["body"].as_str().unwrap())]);
    let (config, region) = (replay.config(), Region::new("us-east-1"));
    let (ec2, ssm) = (Ec2::new(&config), Ssm::new(&config));
    let (instance, command) = (InstanceId::new("i-1"), CommandId::new("c-1"));
    Some(match action {
        "DescribeInstances" => Instances::find(&ec2, &region, &Tags::new()).await.map(drop),
        "DescribeVolumes" => Volumes::find(&ec2, &region, &Tags::new()).await.map(drop),
        "GetCommandInvocation" => ssm.invocation(&region, &instance, &command).await.map(drop),
        "DescribeExecution" => Sfn::new(&config).state(&ExecutionId::new("arn:x")).await.map(drop),
        _ => return None,
    })
}

#[tokio::test]
async fn every_recorded_answer_can_be_read() {
    let mut read_by_a_port = 0;
    for (file, answer) in answers() {
        let action = answer["action"].as_str().unwrap();
        if let Some(result) = read(action, &answer).await {
            read_by_a_port += 1;
            assert!(result.is_ok(), "{file}: {action}: {result:?}");
        }
    }
    assert!(read_by_a_port > 20, "{read_by_a_port}");
}
