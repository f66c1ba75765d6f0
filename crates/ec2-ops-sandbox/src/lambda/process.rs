//! Functions as Lambda runs them: real binaries, in execution environments that are kept warm.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::environment::{Afterwards, Environment, FunctionBinary};
use super::{FunctionResult, Request, Running, Runtime};
use crate::Platform;
use crate::lock::lock;

/// Runs a binary that speaks the Lambda Runtime API, in as many environments as there are invocations at once.
pub struct ProcessRuntime {
    pool: Arc<Pool>,
}

struct Pool {
    binary: FunctionBinary,
    platform: Arc<Platform>,
    idle: Mutex<Vec<Environment>>,
    /// Whether the runtime is shut down. Each invocation holds a receiver, so the sender knows when the last has ended.
    over: watch::Sender<bool>,
}

impl ProcessRuntime {
    /// A runtime for `binary`. Nothing is started before the first invocation.
    pub fn new(binary: FunctionBinary, platform: Arc<Platform>) -> Self {
        Self {
            pool: Arc::new(Pool {
                binary,
                platform,
                idle: Mutex::default(),
                over: watch::Sender::new(false),
            }),
        }
    }

    /// Ends the environments that are idle, as Lambda does after some minutes: the next invocation starts cold.
    pub async fn reclaim_idle(&self) {
        let idle = std::mem::take(&mut *lock(&self.pool.idle));
        for environment in idle {
            environment.end().await;
        }
    }

    /// Kills every process and waits until it has ended. Later invocations fail.
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
    /// If this future is dropped, its environment is dropped, too, and the process ends.
    async fn invoke(&self, request: Request) -> FunctionResult {
        let mut over = self.over.subscribe();
        if *over.borrow() {
            return Err(shut_down());
        }
        let warm = lock(&self.idle).pop();
        let mut environment = match warm {
            Some(environment) => environment,
            None => Environment::start(&self.binary, &self.platform).await.map_err(
                |error| json!({ "errorType": "Runtime.InvalidEntrypoint", "errorMessage": error.to_string() }),
            )?,
        };
        self.platform.journal.runs_in(environment.name(), &request.request_id);
        let answer = tokio::select! {
            answer = environment.invoke(request) => Some(answer),
            _ = over.wait_for(|over| *over) => None,
        };
        match answer {
            Some((result, Afterwards::Reusable)) => {
                lock(&self.idle).push(environment);
                result
            }
            Some((result, Afterwards::Dead)) => result,
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
