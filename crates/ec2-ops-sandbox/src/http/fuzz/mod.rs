//! Mutated requests: whatever a caller with the key sends, the sandbox answers, and never with a fault of its own.
//!
//! `EC2_OPS_FUZZ_REQUESTS` says how many requests each service gets.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::testing::Served;
use crate::ec2::api::RunInstancesRequest;
use crate::lambda::{Request, Running};
use crate::service::SERVICES;
use crate::service::testing::perform;
use crate::stepfunctions::api::CreateStateMachineRequest;

const REQUESTS: usize = 300;

/// What mutations insert: ends of ranges, syntax of the protocols, and depth.
const TOKENS: [&str; 26] = [
    "0",
    "-1",
    "18446744073709551615",
    "-9223372036854775808",
    "1e999",
    "99999999999999999999",
    "null",
    "{}",
    "[]",
    "\"",
    "\\u0000",
    "%00",
    "%",
    "%ff",
    "+",
    ".",
    ".1",
    "&",
    "=",
    "*",
    "?",
    "<",
    "</",
    "é",
    "\u{10ffff}",
    "aws-chunked",
];

/// Requests that each service takes: `== SERVICE`, a request line with headers, an empty line, a body.
const SEEDS: &str = include_str!("seeds.txt");

/// A request that a service takes.
struct Seed {
    service: &'static str,
    head: String,
    body: String,
}

/// The seeds, about a state machine and an instance that exist.
fn seeds(machine: &str, instance: &str) -> Vec<Seed> {
    let seed = |text: &'static str| {
        let (service, request) = text.split_once('\n').unwrap();
        let request =
            request.trim_end_matches('\n').replace("MACHINE", machine).replace("INSTANCE", instance);
        let request = request.replace('\n', "\r\n");
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((&request, ""));
        Seed { service, head: head.to_owned(), body: body.to_owned() }
    };
    SEEDS.split("== ").skip(1).map(seed).collect()
}

/// `text` with one to four changes.
fn mutated(text: &str, chance: &mut Rng) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..chance.usize(1..=4) {
        let at = chance.usize(..=bytes.len());
        let to = chance.usize(at..=bytes.len().min(at + 40));
        match chance.u8(..7) {
            0 => drop(bytes.splice(at..to, [])),
            1 => bytes.truncate(at),
            2 => drop(bytes.splice(at..at, bytes[at..to].to_vec())),
            3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = chance.u8(..)),
            4 => drop(bytes.splice(at..at, chance.choice(TOKENS).unwrap_or_default().bytes())),
            5 => drop(bytes.splice(at..to, chance.choice(TOKENS).unwrap_or_default().bytes())),
            _ => {
                let token = chance.choice(["[", "{\"a\":", ".a", "<a>", "*a", "("]).unwrap_or_default();
                drop(bytes.splice(at..at, token.repeat(chance.usize(..3_000)).into_bytes()));
            }
        }
    }
    bytes
}

/// A request with a mutated line, headers and body, whose transport is sound: it fills what it announces.
fn request(served: &Served, Seed { service, head, body }: &Seed, chance: &mut Rng) -> Vec<u8> {
    let (mutates_head, mutates_body) =
        *chance.choice(&[(true, false), (false, true), (true, true)]).unwrap_or(&(true, true));
    let head = if mutates_head { mutated(head, chance) } else { head.clone().into_bytes() };
    let body = if mutates_body { mutated(body, chance) } else { body.clone().into_bytes() };
    let credential = format!("{}/20260101/us-east-1/{service}/aws4_request", served.keys.owner());
    let transport = format!(
        "\r\nHost: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host\r\nContent-Length: {}\r\n\r\n",
        served.address,
        body.len()
    );
    [&head, transport.as_bytes(), &body].concat()
}

/// The status of the answer on `stream`; `None` where the connection broke without one. What is left of the connection
/// cannot be used: a mutated head may have ended early.
async fn status(mut stream: TcpStream, request: &[u8]) -> Option<u16> {
    // The answer may come before everything is read.
    let _ = stream.write_all(request).await;
    let mut answer = [0; 64];
    let mut length = 0;
    while length < 12 {
        match stream.read(&mut answer[length..]).await {
            Ok(read) if read > 0 => length += read,
            _ => return None,
        }
    }
    std::str::from_utf8(&answer[9..12]).ok()?.parse().ok()
}

fn state_machine(served: &Served) -> String {
    let definition = json!({ "StartAt": "Pass", "States": { "Pass": { "Type": "Pass", "End": true } } });
    let request = CreateStateMachineRequest {
        name: "m".to_owned(),
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::000000000000:role/r".to_owned(),
        r#type: None,
    };
    served.account.stepfunctions.create_state_machine("us-east-1", request).unwrap().state_machine_arn
}

#[tokio::test]
async fn no_request_crashes_the_sandbox() {
    let requests =
        std::env::var("EC2_OPS_FUZZ_REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(REQUESTS);
    let served = Served::start().await;
    served.account.s3.create_bucket("results", "us-east-1").unwrap();
    served.account.s3.put_object("results", "k", "hello").unwrap();
    let table = json!({ "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }] });
    served.account.dynamodb.call("us-east-1", "CreateTable", table.to_string().as_bytes()).unwrap();
    let echo = |request: Request| -> Running { Box::pin(async move { Ok(request.payload) }) };
    served.account.lambda.create_function("us-east-1", "echo", Duration::from_secs(3), Arc::new(echo));
    for (action, input) in [
        ("CreateLogGroup", json!({ "logGroupName": "group" })),
        ("CreateLogStream", json!({ "logGroupName": "group", "logStreamName": "stream" })),
    ] {
        perform(&served.account.logs, "us-east-1", action, &input).unwrap();
    }
    let machine = state_machine(&served);
    let launch = RunInstancesRequest {
        image_id: Some("ami-0123456789abcdef0".to_owned()),
        instance_type: Some("t3.micro".to_owned()),
        min_count: Some(1),
        max_count: Some(1),
        ..RunInstancesRequest::default()
    };
    let launched = served.account.ec2.run_instances("us-east-1", &launch).unwrap();
    served.account.ssm.agent_online("us-east-1", &launched.instances[0].instance_id);
    let mut chance = Rng::with_seed(7);
    let seeds = seeds(&machine, &launched.instances[0].instance_id);
    for (service, _) in SERVICES {
        let seeds: Vec<_> = seeds.iter().filter(|seed| seed.service == service.signing_name).collect();
        assert!(!seeds.is_empty(), "{} has no seeds", service.name);
        for seed in (0..requests).map(|index| seeds[index % seeds.len()]) {
            let request = request(&served, seed, &mut chance);
            let stream = TcpStream::connect(&served.address).await.unwrap();
            // Thousands of closed connections would use up the ports.
            stream.set_zero_linger().unwrap();
            let answered = tokio::time::timeout(Duration::from_secs(20), status(stream, &request)).await;
            let shown = || String::from_utf8_lossy(&request).chars().take(3_000).collect::<String>();
            let status = answered.unwrap_or_else(|_| panic!("no answer to {}", shown()));
            assert!(status.is_some_and(|status| status < 500 || status == 501), "{status:?} for {}", shown());
        }
    }
}
