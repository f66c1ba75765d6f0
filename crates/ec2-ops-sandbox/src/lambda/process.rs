//! Functions as Lambda runs them: real binaries, in execution environments that are kept warm.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::environment::{Environment, Fit, FunctionBinary};
use super::{FunctionResult, Request, Running, Runtime};
use crate::lock::lock;

/// Runs a binary that speaks the Lambda Runtime API, in as many environments as there are invocations at once.
pub struct ProcessRuntime {
    pool: Arc<Pool>,
}

struct Pool {
    binary: FunctionBinary,
    idle: Mutex<Vec<Environment>>,
    /// Whether this is over. Each invocation watches it, so it also knows of those that still run.
    over: watch::Sender<bool>,
}

impl ProcessRuntime {
    /// A runtime for `binary`. Nothing is started before the first invocation.
    pub fn new(binary: FunctionBinary) -> Self {
        Self { pool: Arc::new(Pool { binary, idle: Mutex::default(), over: watch::Sender::new(false) }) }
    }

    /// Ends the environments that are idle, as Lambda does after some minutes: the next invocation starts cold.
    pub async fn reclaim_idle(&self) {
        let idle = std::mem::take(&mut *lock(&self.pool.idle));
        for environment in idle {
            environment.end().await;
        }
    }

    /// Ends every process, whatever it works on, and waits until it is gone. Nothing is started any more.
    pub async fn shut_down(&self) {
        self.pool.over.send_replace(true);
        self.pool.over.closed().await;
        self.reclaim_idle().await;
    }
}

impl Runtime for ProcessRuntime {
    fn invoke(&self, request: Request) -> Running {
        let pool = Arc::clone(&self.pool);
        Box::pin(async move { pool.invoke(request).await })
    }
}

impl Pool {
    /// An environment that is not put back, because this future was dropped, ends with its process.
    async fn invoke(&self, request: Request) -> FunctionResult {
        let mut over = self.over.subscribe();
        if *over.borrow() {
            return Err(shut_down());
        }
        let warm = lock(&self.idle).pop();
        let mut environment = match warm {
            Some(environment) => environment,
            None => Environment::start(&self.binary).await.map_err(
                |error| json!({ "errorType": "Runtime.InvalidEntrypoint", "errorMessage": error.to_string() }),
            )?,
        };
        let answer = tokio::select! {
            answer = environment.invoke(request) => Some(answer),
            _ = over.wait_for(|over| *over) => None,
        };
        match answer {
            Some((result, Fit::ForMore)) => {
                lock(&self.idle).push(environment);
                result
            }
            Some((result, Fit::ForNothing)) => result,
            None => {
                environment.end().await;
                Err(shut_down())
            }
        }
    }
}

fn shut_down() -> Value {
    json!({ "errorType": "Runtime.ExitError", "errorMessage": "the sandbox shuts down" })
}
