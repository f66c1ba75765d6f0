//! Runs the cases of `cross_check/`, which an independent interpreter, moto's, has run too.

// The lint table's exception for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use ec2_ops_asl::{
    Ending, Environment, Event, Execution, Failure, Identity, Invocation, StateMachine, TaskTokens,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Functions that follow the script of a case, and then echo their payload.
struct Functions {
    started: Instant,
    script: Mutex<VecDeque<Value>>,
    tokens: TaskTokens,
}

impl Environment for Functions {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.started.elapsed()
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Value, Failure> {
        let payload = invocation.payload().clone();
        let step = self.script.lock().unwrap().pop_front().unwrap_or_default();
        if let Some(completion) = step.get("token").cloned() {
            let token = payload["token"].as_str().unwrap().to_owned();
            tokio::spawn(send(self.tokens.clone(), token, completion));
        }
        if step.get("hangs").is_some() {
            std::future::pending::<()>().await;
        }
        if let Some(code) = step.get("refused").and_then(Value::as_str) {
            return Err(Failure::service_error(code, "refused"));
        }
        if let Some(length) = step.get("returns_text_of").and_then(Value::as_u64) {
            return Ok("x".repeat(usize::try_from(length).unwrap()).into());
        }
        match step.get("fails") {
            Some(error) => Err(Failure::function_error(error)),
            None => Ok(step.get("returns").cloned().unwrap_or(payload)),
        }
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

async fn send(tokens: TaskTokens, token: String, completion: Value) {
    tokio::time::sleep(Duration::from_millis(500)).await;
    if let Some(output) = completion.get("success") {
        tokens.send_success(&token, &output.to_string()).unwrap();
        return;
    }
    let text = |name: &str| completion["failure"][name].as_str().map(Into::into);
    let failure = Failure { error: text("error"), cause: text("cause") };
    tokens.send_failure(&token, failure).unwrap();
}

/// The status, the output or the error, and the event types of a case.
async fn run(case: &Value) -> Value {
    let functions = Functions {
        started: Instant::now(),
        script: Mutex::new(case["script"].as_array().cloned().unwrap_or_default().into()),
        tokens: TaskTokens::default(),
    };
    let identity = Identity::new("us-east-1", "123456789012", "machine", "run");
    let machine = StateMachine::parse(&case["definition"].to_string()).unwrap();
    let execution = Execution::new(identity, case["input"].clone(), functions.now());
    let ending = execution.run(&machine, &functions, &functions.tokens).await;
    let mut found = json!({"status": ending.status()});
    match ending {
        Ending::Succeeded { output } => found["output"] = Value::clone(&output),
        Ending::Failed(Failure { error: Some(error), .. }) => found["error"] = (&*error).into(),
        _ => {}
    }
    found["events"] = execution.history().events().iter().map(Event::event_type).collect();
    found
}

#[tokio::test(start_paused = true)]
async fn every_shared_case_ends_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cross_check/cases");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(run(&case).await, case["expected"], "{name}");
        names.push(name);
    }
    assert!(names.len() >= 30, "only {} cases were found", names.len());
}
