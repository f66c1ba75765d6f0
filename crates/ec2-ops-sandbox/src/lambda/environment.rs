//! One execution environment: a process of the function's binary, and the Runtime API that it talks to.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::log::FunctionLog;
use super::runtime_api::{Pending, RuntimeApi};
use super::{FunctionResult, Request};
use crate::Platform;
use crate::access::SEPARATOR;
use crate::prices::FUNCTION_MEMORY_MB;

/// Counts the environments of this process.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A function's binary and its environment variables.
#[derive(Clone)]
pub struct FunctionBinary {
    /// The function's name.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// The access key id of the sandbox's owner, from which that of each environment follows.
    pub owner: String,
    /// Environment variables beyond Lambda's own.
    pub env: Vec<(String, String)>,
    /// Where its output goes.
    pub log: FunctionLog,
}

/// An execution environment of a function: a process of its binary, and the Runtime API that the process polls.
///
/// An invocation takes this way:
///
/// ```text
/// Environment::invoke ──Pending──▶ RuntimeApi ◀──GET next───── process
///         ▲                            │  └──────event───────▶   │
///         └────────FunctionResult──────┴◀─POST response|error────┘
/// ```
///
/// 1. [`invoke`](Self::invoke) puts a [`Pending`] into the channel: the request, and a one-shot sender for its result.
/// 2. The process polls `GET …/invocation/next`, which waits for that and answers with the event.
/// 3. The process posts its answer or error, which goes through the one-shot sender back to `invoke`. If the process
///    ends before, the result is Lambda's `Runtime.ExitError`.
///
/// An environment takes one invocation at a time; [`ProcessRuntime`](super::ProcessRuntime) keeps a pool of them. It has
/// no state beyond the process, so dropping it at any point, in the middle of an invocation too, kills the process.
pub(super) struct Environment {
    /// Its name: that of the function, and a number.
    name: String,
    process: Child,
    /// The copying of its output.
    log: JoinHandle<()>,
    invocations: mpsc::Sender<Pending>,
    _api: RuntimeApi,
}

impl Environment {
    /// Starts the binary with Lambda's environment variables and no others.
    pub(super) async fn start(binary: &FunctionBinary, platform: &Platform) -> io::Result<Self> {
        let (invocations, pending) = mpsc::channel(1);
        let api = RuntimeApi::serve(pending).await?;
        let name = format!("{}{SEPARATOR}{}", binary.name, NUMBER.fetch_add(1, Ordering::Relaxed));
        let (output, log) = binary.log.copy(&name, platform)?;
        let process = Command::new(&binary.path)
            .env_clear()
            .envs(binary.env.iter().map(|(name, value)| (name, value)))
            // The endpoint identifies function and environment by it.
            .env("AWS_ACCESS_KEY_ID", format!("{}{SEPARATOR}{name}", binary.owner))
            .env("AWS_LAMBDA_RUNTIME_API", &api.url)
            .env("AWS_LAMBDA_FUNCTION_NAME", &binary.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", FUNCTION_MEMORY_MB.to_string())
            .env("_HANDLER", "bootstrap")
            // The terminal's Ctrl-C is for the sandbox alone, which then ends its functions.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", binary.path.display())))?;
        Ok(Self { name, process, log, invocations, _api: api })
    }

    /// Its name, which is in the access key of its calls.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs one invocation. If the process dies, the error is that of Lambda.
    pub(super) async fn invoke(&mut self, request: Request) -> (FunctionResult, Afterwards) {
        let request_id = request.request_id.clone();
        let (answer, settled) = oneshot::channel();
        let sent = self.invocations.send(Pending { request, answer }).await;
        tokio::select! {
            biased;
            Ok(result) = settled, if sent.is_ok() => (result, Afterwards::Reusable),
            status = self.process.wait() => (Err(exit_error(&request_id, status)), Afterwards::Dead),
        }
    }

    /// Kills the process, and waits until it is gone.
    pub(super) async fn end(mut self) {
        // It fails only for a process that has already ended.
        let _ = self.process.kill().await;
        // Its last lines are in the log.
        let _ = self.log.await;
    }
}

/// The state of an environment after an invocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    Reusable,
    Dead,
}

fn exit_error(request_id: &str, status: io::Result<ExitStatus>) -> Value {
    let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    json!({
        "errorType": "Runtime.ExitError",
        "errorMessage": format!("RequestId: {request_id} Error: Runtime exited with error: {how}"),
    })
}
