//! Lambda: functions, invoked synchronously, or asynchronously with retries.

mod concurrency;
mod environment;
mod log;
mod process;
mod runtime;
mod runtime_api;
mod service;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use environment::FunctionBinary;
pub use log::FunctionLog;
pub use process::ProcessRuntime;
pub use runtime::{FunctionResult, Request, Running, Runtime};
pub(crate) use service::SERVICE;

use crate::lock::lock;
use crate::{AwsError, Platform};
use concurrency::{Concurrency, Slot};

/// Why an invocation has no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum InvokeError {
    /// Lambda did not run the function.
    Service(AwsError),
    /// The function ended with an error, in Lambda's JSON shape.
    Function(Value),
}

/// How often Lambda repeats an asynchronous invocation whose function failed, and how long it waits each time. See
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const ASYNC_RETRIES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// The back-off of an asynchronous invocation that was throttled: the first wait, and the longest.
const ASYNC_BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// The qualifier of the one version that a function has here.
const LATEST: &str = "$LATEST";

/// The functions of one account. Clones share them.
#[derive(Clone)]
pub struct Lambda {
    platform: Arc<Platform>,
    /// By ARN, which has the region.
    functions: Arc<Mutex<BTreeMap<String, Function>>>,
    concurrency: Concurrency,
}

#[derive(Clone)]
struct Function {
    name: String,
    arn: String,
    created: Timestamp,
    timeout: Duration,
    runtime: Arc<dyn Runtime>,
}

impl Lambda {
    /// An account without functions.
    pub fn new(platform: Arc<Platform>) -> Self {
        Self { platform, functions: Arc::default(), concurrency: Concurrency::default() }
    }

    /// Creates a function, or replaces it. Returns its ARN.
    pub fn create_function(
        &self,
        region: &str,
        name: &str,
        timeout: Duration,
        runtime: Arc<dyn Runtime>,
    ) -> String {
        let arn = self.arn(region, name);
        let created = self.platform.clock.now();
        let function = Function { name: name.to_owned(), arn: arn.clone(), created, timeout, runtime };
        lock(&self.functions).insert(arn.clone(), function);
        arn
    }

    /// Invokes a function of `region`, by name or ARN, and waits for it. The function runs to its end even if this future is
    /// dropped.
    pub async fn invoke(
        &self,
        region: &str,
        name_or_arn: &str,
        payload: Value,
    ) -> Result<Value, InvokeError> {
        let function = self.find(region, name_or_arn).map_err(InvokeError::Service)?;
        let slot = self.concurrency.enter(&self.platform, &function.arn).map_err(InvokeError::Service)?;
        let running = tokio::spawn(self.clone().run(function, payload, slot));
        match running.await {
            Ok(answer) => answer.map_err(InvokeError::Function),
            Err(_) => {
                Err(InvokeError::Service(AwsError::server("ServiceException", "the function was lost")))
            }
        }
    }

    /// Invokes a function asynchronously: it is retried if it fails.
    pub fn invoke_async(&self, region: &str, name_or_arn: &str, payload: Value) -> Result<(), AwsError> {
        let function = self.find(region, name_or_arn)?;
        let lambda = self.clone();
        tokio::spawn(async move {
            for pause in ASYNC_RETRIES {
                let slot = lambda.room_for(&function).await;
                if lambda.clone().run(function.clone(), payload.clone(), slot).await.is_ok() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
            let slot = lambda.room_for(&function).await;
            // The last failure is in the function's own log, as the others are.
            let _ = lambda.run(function, payload, slot).await;
        });
        Ok(())
    }

    /// Whether there is such a function.
    fn check(&self, region: &str, name_or_arn: &str) -> Result<(), AwsError> {
        self.find(region, name_or_arn).map(drop)
    }

    /// The functions of `region`, by name.
    fn list(&self, region: &str) -> Vec<Function> {
        let here = self.arn(region, "");
        lock(&self.functions).values().filter(|function| function.arn.starts_with(&here)).cloned().collect()
    }

    /// Forgets every function.
    pub(crate) fn clear(&self) {
        lock(&self.functions).clear();
    }

    /// The function of `region` that a name, a partial or a full ARN means, each with or without a qualifier. See
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.
    fn find(&self, region: &str, name_or_arn: &str) -> Result<Function, AwsError> {
        let absent = |message| AwsError::new(404, "ResourceNotFoundException", message);
        let (owner, function) = name_or_arn.rsplit_once("function:").unwrap_or(("", name_or_arn));
        if let Some(other) = owner.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2))
            && other != region
        {
            let message = format!("Functions from '{other}' are not reachable in this region ('{region}')");
            return Err(absent(message));
        }
        let (name, qualifier) = function.split_once(':').unwrap_or((function, LATEST));
        let arn = self.arn(region, name);
        let function = lock(&self.functions).get(&arn).cloned().filter(|_| qualifier == LATEST);
        function.ok_or_else(|| match qualifier {
            LATEST => absent(format!("Function not found: {arn}")),
            // No version is published, and there are no aliases.
            qualifier => absent(format!("Function not found: {arn}:{qualifier}")),
        })
    }

    fn arn(&self, region: &str, name: &str) -> String {
        format!("arn:aws:lambda:{region}:{}:function:{name}", self.platform.account_id)
    }

    /// Waits until an asynchronous invocation is not throttled. Lambda keeps the event until then.
    async fn room_for(&self, function: &Function) -> Slot {
        let (mut pause, longest) = ASYNC_BACKOFF;
        loop {
            match self.concurrency.enter(&self.platform, &function.arn) {
                Ok(slot) => return slot,
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = longest.min(pause * 2);
        }
    }

    async fn run(self, function: Function, payload: Value, slot: Slot) -> FunctionResult {
        let limit = function.timeout;
        let request = Request {
            request_id: self.platform.uuid(),
            function_arn: function.arn,
            payload,
            deadline_ms: (self.platform.clock.now() + limit).as_millisecond(),
        };
        let request_id = request.request_id.clone();
        let (journal, clock) = (&self.platform.journal, self.platform.clock);
        journal.invoked(&function.name, &request, clock.now());
        let result = tokio::time::timeout(limit, function.runtime.invoke(request)).await;
        drop(slot);
        let result = result.unwrap_or_else(|_| {
            Err(json!({
                "errorType": "Sandbox.Timedout",
                "errorMessage": format!("RequestId: {request_id} Error: Task timed out after {:.2} seconds", limit.as_secs_f64()),
            }))
        });
        journal.ended(&request_id, &result, clock.now());
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[tokio::test(start_paused = true)]
    async fn a_function_is_found_by_its_names_in_its_region() {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        let lambda = Lambda::new(Arc::new(Platform::new(clock, 1)));
        let echo = |request: Request| -> Running { Box::pin(async move { Ok(request.payload) }) };
        let arn = lambda.create_function("us-east-1", "echo", Duration::from_secs(3), Arc::new(echo));
        for name in ["echo", "echo:$LATEST", "000000000000:function:echo", "function:echo", &arn] {
            assert_eq!(lambda.invoke("us-east-1", name, json!(1)).await, Ok(json!(1)), "{name}");
        }
        for (region, name, message) in [
            ("eu-west-1", "echo", "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:echo"),
            ("eu-west-1", &arn, "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')"),
            (
                "us-east-1",
                "echo:1",
                "Function not found: arn:aws:lambda:us-east-1:000000000000:function:echo:1",
            ),
        ] {
            let error = AwsError::new(404, "ResourceNotFoundException", message);
            assert_eq!(lambda.invoke(region, name, Value::Null).await, Err(InvokeError::Service(error)));
        }
    }

    #[tokio::test]
    async fn functions_are_listed_and_invoked_over_http() {
        let served = crate::http::testing::Served::start().await;
        let echo = |request: Request| -> Running { Box::pin(async move { Ok(request.payload) }) };
        let echo: Arc<dyn Runtime> = Arc::new(echo);
        for region in ["us-east-1", "eu-west-1"] {
            served.account.lambda.create_function(region, "echo", Duration::from_secs(3), Arc::clone(&echo));
        }
        let call = async |head: &str| served.call("lambda", head, b"1").await;
        let listed = call("GET /2015-03-31/functions HTTP/1.1").await;
        assert_eq!(listed.matches("\"FunctionName\":\"echo\"").count(), 1, "{listed}");
        let path = "/2015-03-31/functions/echo/invocations";
        for (head, status) in [
            (format!("POST {path} HTTP/1.1"), 200),
            (format!("POST {path}?Qualifier=$LATEST HTTP/1.1"), 200),
            (format!("POST {path}?Qualifier=live HTTP/1.1"), 404),
            (format!("POST {path} HTTP/1.1\r\nX-Amz-Invocation-Type: Event"), 202),
            (format!("POST {path} HTTP/1.1\r\nX-Amz-Invocation-Type: DryRun"), 204),
            (format!("POST {path} HTTP/1.1\r\nX-Amz-Invocation-Type: Later"), 400),
            (format!("POST {path}?Other=1 HTTP/1.1"), 501),
        ] {
            let answer = call(&head).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head}: {answer}");
            assert!(answer.contains("x-amzn-requestid: "), "{answer}");
        }
    }
}
