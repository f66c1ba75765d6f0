//! One start of a function, with a Runtime API and an AWS endpoint of our own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ec2_ops_sandbox::prices::FUNCTION_MEMORY_MB;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::aws::{self, Asked};
use super::memory::Memory;
use crate::packages::Package;

/// What one start came to.
pub(super) struct Run {
    /// From the start of the process until it asks for work.
    pub(super) to_next: Duration,
    /// From the invocation to the first AWS call; to the answer where there is none.
    pub(super) to_first_call: Duration,
    pub(super) memory: Memory,
}

/// Longer than any start takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the function, invokes it once, and kills it.
pub(super) fn run(package: &Package) -> Result<Run, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start a runtime: {error}"))?;
    runtime.block_on(watch(package)).map_err(|error| format!("{}: {error}", package.function.name))
}

async fn watch(package: &Package) -> Result<Run, String> {
    let (asked, heard) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|error| format!("cannot listen: {error}"))?;
    tokio::spawn(aws::serve(listener, aws::payload(), asked));
    let started = Instant::now();
    let mut process = start(package, address)?;
    let run = tokio::time::timeout(PATIENCE, observe(started, &process, &package.bootstrap, heard)).await;
    let ended = process.kill().and_then(|()| process.wait());
    ended.map_err(|error| format!("cannot end it: {error}"))?;
    run.map_err(|_| format!("not done after {PATIENCE:?}"))?
}

fn start(package: &Package, address: SocketAddr) -> Result<Child, String> {
    Command::new(&package.bootstrap)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", package.function.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", FUNCTION_MEMORY_MB.to_string())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDBENCHMARK")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_SESSION_TOKEN", "token")
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .env("EC2_OPS_DEPLOYMENT", "benchmark")
        .env("EC2_OPS_WAKE_TABLE", "benchmark")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", package.bootstrap.display()))
}

/// Notes when what happens, until the invocation is answered.
async fn observe(
    started: Instant,
    process: &Child,
    executable: &Path,
    mut heard: UnboundedReceiver<(Instant, Asked)>,
) -> Result<Run, String> {
    let (mut next, mut call) = (None, None);
    while let Some((at, asked)) = heard.recv().await {
        match asked {
            Asked::ForWork => next = Some(at),
            Asked::Aws => call = call.or(Some(at)),
            Asked::ToTakeTheAnswer => {
                let next = next.ok_or("it answered before it was asked")?;
                let to_first_call = call.unwrap_or(at) - next;
                let memory = Memory::of(process.id(), executable)?;
                return Ok(Run { to_next: next - started, to_first_call, memory });
            }
        }
    }
    Err("the server has ended".to_owned())
}
