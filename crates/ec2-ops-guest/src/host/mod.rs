//! The side of the sandbox that boots guests.
//!
//! A [`Guest`] is an instance that runs. Dropping it closes the guest's stdin, and with that everything inside ends.

mod tail;

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

use crate::layout::{ROOT_VARIABLE, Root};
use crate::protocol::{Boot, CommandResult, Event, Request};
use crate::{processes, run};
pub use tail::OutputStream;
use tail::Tail;

/// What an instance is made of.
#[derive(Clone, Debug)]
pub struct GuestConfig {
    /// The executable that answers to `guest init`: the `ec2-ops` command itself, by its absolute path.
    pub tools: PathBuf,
    /// The directory that is the instance. It is created if missing; a reboot finds its files again.
    pub root: PathBuf,
    /// The instance's id.
    pub instance_id: String,
    /// What every process inside finds in its environment beyond the usual: `AWS_ENDPOINT_URL`, `AWS_REGION`,
    /// credentials. Names must not be empty or hold `=`; a value is one line.
    pub env: Vec<(String, String)>,
}

/// One command for AWS-RunShellScript.
#[derive(Clone, Debug)]
pub struct RunCommand {
    /// The command id; names the directory of its script and output.
    pub id: String,
    /// The script. The agent joins the document's commands with line feeds.
    pub script: String,
    /// `executionTimeout`.
    pub timeout: Duration,
}

/// What happens inside an instance.
#[derive(Debug)]
pub enum GuestEvent {
    /// It has booted and takes commands.
    Ready,
    /// A script has printed something.
    Printed {
        /// The command id.
        id: String,
        /// Where to.
        stream: OutputStream,
        /// What.
        bytes: Vec<u8>,
    },
    /// A script has ended, and all that it printed has been reported.
    Ended {
        /// The command id.
        id: String,
        /// How it ended.
        result: CommandResult,
    },
    /// Someone inside wants the instance to be shut down. It goes on running until the host powers it off.
    ShutdownRequested {
        /// Whether it is to start again.
        restart: bool,
    },
    /// It could not boot, or has died without having been powered off. The last event.
    Died {
        /// What is known of the cause.
        reason: String,
    },
}

type Tails = Arc<Mutex<Vec<Tail>>>;

/// How often the output of running scripts is looked at.
const OUTPUT_LOOK: Duration = Duration::from_millis(50);

/// A running instance.
#[derive(Debug)]
pub struct Guest {
    requests: mpsc::UnboundedSender<Request>,
    root: Root,
    instance_id: String,
    /// The commands that run.
    tails: Tails,
    powered_off: oneshot::Receiver<io::Result<Vec<i32>>>,
    process_id: Option<u32>,
}

impl Guest {
    /// Starts an instance. [`GuestEvent::Ready`] says when it takes commands. Must be called in a tokio runtime that
    /// has I/O enabled; what happens inside takes real time, whatever tokio's clock shows.
    ///
    /// # Errors
    /// If the executable is not named by an absolute path or cannot be started.
    pub fn boot(config: GuestConfig) -> io::Result<(Self, mpsc::UnboundedReceiver<GuestEvent>)> {
        if !config.tools.is_absolute() {
            let why =
                format!("the guest's executable must be an absolute path, not {}", config.tools.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let mut process = Command::new(&config.tools)
            .args(["guest", "init"])
            // Ctrl-C in the host's terminal is for the host alone.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("cannot start {}: {error}", config.tools.display()))
            })?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the guest has no pipes"));
        };
        let process_id = process.id();
        let (requests, pending) = mpsc::unbounded_channel();
        let (events, received) = mpsc::unbounded_channel();
        let (off, powered_off) = oneshot::channel();
        let GuestConfig { tools, root, instance_id, env } = config;
        let root = std::path::absolute(root)?;
        let marker = format!("{ROOT_VARIABLE}={}", root.display());
        // The receiver lives in the task below, so this cannot fail.
        let boot = Boot { tools, root: root.clone(), instance_id: instance_id.clone(), env };
        let _ = requests.send(Request::Boot(boot));
        let tails = Tails::default();
        tokio::spawn(write_requests(stdin, pending));
        tokio::spawn(watch(process, marker, stdout, events, off, Arc::clone(&tails)));
        Ok((Self { requests, root: Root::at(root), instance_id, tails, powered_off, process_id }, received))
    }

    /// Runs a script; [`GuestEvent::Ended`] brings the result. A dead instance answers nothing.
    pub fn run(&self, command: RunCommand) {
        let directory = run::directory(&self.root, &self.instance_id, &command.id);
        lock(&self.tails).push(Tail::new(&command.id, &directory));
        let timeout_ms = u64::try_from(command.timeout.as_millis()).unwrap_or(u64::MAX);
        self.ask(Request::Run { id: command.id, script: command.script, timeout_ms });
    }

    /// Stops a script; [`GuestEvent::Ended`] then says `Cancelled`. One that has ended keeps its result.
    pub fn cancel(&self, id: &str) {
        self.ask(Request::Cancel { id: id.to_owned() });
    }

    /// The process id of the instance's init, or `None` if it ended at once.
    pub fn process_id(&self) -> Option<u32> {
        self.process_id
    }

    /// Powers the instance off: SIGTERM to all inside, then SIGKILL. Returns when nothing is left of it.
    ///
    /// # Errors
    /// If the guest had died before, or processes could not be killed; the message has their ids.
    pub async fn power_off(self) -> io::Result<()> {
        self.shut_down(false).await
    }

    /// Does the same as the first half of a reboot. The second half is another boot with the same configuration.
    ///
    /// # Errors
    /// Those of [`Guest::power_off`].
    pub async fn go_down_for_reboot(self) -> io::Result<()> {
        self.shut_down(true).await
    }

    async fn shut_down(self, restart: bool) -> io::Result<()> {
        self.ask(Request::PowerOff { restart });
        let died = || Err(io::Error::other("the guest died before it could be powered off"));
        match self.powered_off.await.unwrap_or_else(|_| died())?.as_slice() {
            [] => Ok(()),
            left => Err(io::Error::other(format!(
                "these processes of the instance could not be killed: {left:?}"
            ))),
        }
    }

    fn ask(&self, request: Request) {
        // A guest that has died hears nothing; its last event says so.
        let _ = self.requests.send(request);
    }
}

/// Writes requests until the [`Guest`] is dropped, and then closes the guest's stdin.
async fn write_requests(mut stdin: ChildStdin, mut pending: mpsc::UnboundedReceiver<Request>) {
    while let Some(request) = pending.recv().await {
        let Ok(mut line) = serde_json::to_vec(&request) else {
            return;
        };
        line.push(b'\n');
        if stdin.write_all(&line).await.is_err() {
            // The guest is gone; `watch` reports it.
            return;
        }
    }
}

/// Passes events on until the guest is gone, and tells how it went.
async fn watch(
    mut process: Child,
    marker: String,
    stdout: ChildStdout,
    events: mpsc::UnboundedSender<GuestEvent>,
    off: oneshot::Sender<io::Result<Vec<i32>>>,
    tails: Tails,
) {
    let passed_on = pass_on(stdout, &events, &tails).await;
    let exit = process.wait().await;
    // What was printed up to the end is there, however it came.
    let tails = std::mem::take(&mut *lock(&tails));
    for mut tail in tails {
        report(&events, tail.rest());
    }
    let reason = match (passed_on, exit) {
        (Ok(left), Ok(_)) => {
            // The owner has dropped the guest and no longer listens.
            let _ = off.send(Ok(left));
            return;
        }
        (Ok(_), Err(error)) => error.to_string(),
        (Err(reason), Ok(status)) => format!("{reason} ({status})"),
        (Err(reason), Err(error)) => format!("{reason} ({error})"),
    };
    let left = processes::kill_marked(&marker);
    let reason = if left.is_empty() { reason } else { format!("{reason}; left behind: {left:?}") };
    let _ = events.send(GuestEvent::Died { reason });
}

/// Returns what is left of a guest that was powered off, or why it is gone.
async fn pass_on(
    stdout: ChildStdout,
    events: &mpsc::UnboundedSender<GuestEvent>,
    tails: &Tails,
) -> Result<Vec<i32>, String> {
    let mut lines = BufReader::new(stdout).lines();
    let mut look = tokio::time::interval(OUTPUT_LOOK);
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line.map_err(|error| error.to_string())?,
            _ = look.tick() => {
                for tail in lock(tails).iter_mut() {
                    report(events, tail.read());
                }
                continue;
            }
        };
        let line = line.ok_or("the guest ended without having been powered off")?;
        let event =
            match serde_json::from_str(&line).map_err(|error| format!("the guest said {line:?}: {error}"))? {
                Event::Ready => GuestEvent::Ready,
                Event::Ended { id, result } => {
                    let tail = lock(tails).extract_if(.., |tail| tail.command == id).next();
                    if let Some(mut tail) = tail {
                        report(events, tail.rest());
                    }
                    GuestEvent::Ended { id, result }
                }
                Event::ShutdownRequested { restart } => GuestEvent::ShutdownRequested { restart },
                Event::Failed { message } => return Err(message),
                Event::PoweredOff { left } => return Ok(left),
            };
        // The owner has dropped the receiver but still owns the guest, so it goes on.
        let _ = events.send(event);
    }
}

fn report(events: &mpsc::UnboundedSender<GuestEvent>, printed: Vec<GuestEvent>) {
    for event in printed {
        // As above: the guest goes on without a receiver.
        let _ = events.send(event);
    }
}

/// The list is whole between any two statements, so a panic of another holder leaves it usable.
fn lock(tails: &Tails) -> MutexGuard<'_, Vec<Tail>> {
    tails.lock().unwrap_or_else(PoisonError::into_inner)
}
