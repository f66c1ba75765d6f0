//! One start of a function, with a local Runtime API and a local AWS endpoint.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ec2_ops_sandbox::prices::FUNCTION_MEMORY_MB;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::aws::{self, Call};
use super::memory::Memory;
use crate::packages::{FLOOR, Package};

/// The figures of one start.
pub(super) struct Run {
    /// From the start of the process to its first request for work.
    pub(super) to_next: Duration,
    /// From the invocation to the first AWS call; to the response of the floor, which makes none.
    pub(super) to_first_call: Duration,
    pub(super) memory: Memory,
}

/// The time limit of one start, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the function, invokes it once, and kills it.
pub(super) fn run(package: &Package) -> Result<Run, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start a runtime: {error}"))?;
    runtime.block_on(watch(package)).map_err(|error| format!("{}: {error}", package.function.name))
}

async fn watch(package: &Package) -> Result<Run, String> {
    let (calls, received) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|error| format!("cannot listen: {error}"))?;
    tokio::spawn(aws::serve(listener, aws::payload(&package.function), calls));
    let started = Instant::now();
    let mut process = start(package, address)?;
    let run = tokio::time::timeout(PATIENCE, observe(started, &process, package, received)).await;
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

/// Waits for the response, and returns the figures.
async fn observe(
    started: Instant,
    process: &Child,
    package: &Package,
    mut received: UnboundedReceiver<(Instant, Call)>,
) -> Result<Run, String> {
    let (mut next, mut first_call) = (None, None);
    while let Some((at, call)) = received.recv().await {
        match call {
            Call::Next => next = Some(at),
            Call::Aws => first_call = first_call.or(Some(at)),
            Call::Response => {
                let next = next.ok_or("it sent a response before it asked for work")?;
                let first_call = if package.function == FLOOR { Some(at) } else { first_call };
                let to_first_call = first_call.ok_or("it refused its payload: it made no call")? - next;
                let memory = Memory::of(process.id(), &package.bootstrap)?;
                return Ok(Run { to_next: next - started, to_first_call, memory });
            }
        }
    }
    Err("the server has ended".to_owned())
}
