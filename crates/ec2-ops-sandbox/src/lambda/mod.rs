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

/// The functions of one account. Clones share them.
#[derive(Clone)]
pub struct Lambda {
    platform: Arc<Platform>,
    functions: Arc<Mutex<BTreeMap<String, Function>>>,
    concurrency: Concurrency,
}

#[derive(Clone)]
struct Function {
    arn: String,
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
        let arn = format!("arn:aws:lambda:{region}:{}:function:{name}", self.platform.account_id);
        let function = Function { arn: arn.clone(), timeout, runtime };
        lock(&self.functions).insert(name.to_owned(), function);
        arn
    }

    /// Invokes a function, by name or ARN, and waits for it. The function runs to its end even if this future is dropped.
    pub async fn invoke(&self, name_or_arn: &str, payload: Value) -> Result<Value, InvokeError> {
        let function = self.find(name_or_arn)?;
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
    pub fn invoke_async(&self, name_or_arn: &str, payload: Value) -> Result<(), AwsError> {
        let function = match self.find(name_or_arn) {
            Ok(function) => function,
            Err(InvokeError::Service(error)) => return Err(error),
            Err(InvokeError::Function(_)) => return Ok(()),
        };
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

    /// Forgets every function.
    pub(crate) fn clear(&self) {
        lock(&self.functions).clear();
    }

    fn find(&self, name_or_arn: &str) -> Result<Function, InvokeError> {
        let name = name_or_arn.rsplit(":function:").next().unwrap_or(name_or_arn);
        let name = name.split(':').next().unwrap_or(name);
        lock(&self.functions).get(name).cloned().ok_or_else(|| {
            let message = format!("Function not found: {name_or_arn}");
            InvokeError::Service(AwsError::client("ResourceNotFoundException", message))
        })
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
        let result = tokio::time::timeout(limit, function.runtime.invoke(request)).await;
        drop(slot);
        result.unwrap_or_else(|_| {
            Err(json!({
                "errorType": "Sandbox.Timedout",
                "errorMessage": format!("RequestId: {request_id} Error: Task timed out after {:.2} seconds", limit.as_secs_f64()),
            }))
        })
    }
}
