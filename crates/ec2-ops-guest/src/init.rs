//! The init of an instance: one loop over everything that can happen to it.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, wait};

use crate::control::{self, Answer, Argv, Order};
use crate::layout::{Root, User};
use crate::protocol::{Boot, CommandStatus, Event, Request};
use crate::run::{self, Run};
use crate::schedule::{Due, Schedule};
use crate::units::{self, Target};
use crate::{processes, refuse};

/// How long processes may take to end after SIGTERM when the instance powers off.
const GRACE: Duration = Duration::from_millis(200);

/// How long a unit of the power off may take.
const UNIT_PATIENCE: Duration = Duration::from_secs(2);

/// What can happen to an instance.
enum Input {
    Request(Request),
    HostGone,
    Exited(WaitStatus),
    /// One of the two outputs of that command is complete, or could not be kept.
    OutputClosed(String, io::Result<()>),
    Order(Order, Sender<Answer>),
}

/// Kills everything below this process however its `main` is left.
struct NothingOutlivesThis;

impl Drop for NothingOutlivesThis {
    fn drop(&mut self) {
        processes::end_all(Duration::ZERO);
    }
}

/// Boots as the first line of stdin says and lives until it is powered off or the host is gone.
pub(super) fn main() -> ExitCode {
    let guard = NothingOutlivesThis;
    let ended = Init::boot().and_then(Init::live);
    drop(guard);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&Event::Failed { message: error.to_string() });
            refuse(&format!("guest init: {error}"))
        }
    }
}

struct Init {
    boot: Boot,
    root: Root,
    inputs: Receiver<Input>,
    sender: Sender<Input>,
    spawned: Sender<()>,
    runs: HashMap<String, Run>,
    schedule: Schedule,
}

impl Init {
    fn boot() -> io::Result<Self> {
        adopt_orphans()?;
        ignore_signals()?;
        let mut first = String::new();
        io::stdin().lock().read_line(&mut first)?;
        let Request::Boot(boot) = serde_json::from_str(&first)? else {
            return Err(io::Error::other("the first request must be `boot`"));
        };
        let root = Root::create(&boot)?;
        std::env::set_current_dir(root.path("."))?;
        let (sender, inputs) = mpsc::channel();
        let (spawned, spawns) = mpsc::channel();
        let orders = sender.clone();
        control::listen(move |order, answer| {
            // The receiver is gone once init goes down. The caller then sees that its channel is closed.
            let _ = orders.send(Input::Order(order, answer));
        })?;
        let (exits, requests) = (sender.clone(), sender.clone());
        thread::spawn(move || reap(&spawns, &exits));
        thread::spawn(move || read_requests(&requests));
        let (runs, schedule) = (HashMap::new(), Schedule::default());
        let init = Self { boot, root, inputs, sender, spawned, runs, schedule };
        for unit in units::wanted_by(&init.root, Target::MultiUser) {
            init.start_unit(&unit);
        }
        tell(&Event::Ready);
        Ok(init)
    }

    fn live(mut self) -> io::Result<()> {
        loop {
            match self.next_input() {
                Ok(Input::Request(Request::PowerOff { restart })) => {
                    if !restart {
                        self.run_units_of_power_off();
                    }
                    tell(&Event::PoweredOff { left: processes::end_all(GRACE) });
                    return Ok(());
                }
                Ok(Input::HostGone) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Ok(Input::Request(request)) => self.serve(request)?,
                Ok(Input::Exited(status)) => self.exited(status),
                Ok(Input::OutputClosed(id, copied)) => {
                    if let Some(run) = self.runs.get_mut(&id) {
                        run.output_closed(copied);
                    }
                }
                Ok(Input::Order(order, answer)) => {
                    // A caller that has gone away misses only the answer.
                    let _ = answer.send(self.schedule.take(order, Instant::now()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.do_what_is_due();
            self.report_ended_runs();
        }
    }

    /// The next input, or a timeout when something scheduled comes due before.
    fn next_input(&self) -> Result<Input, RecvTimeoutError> {
        let due = self.runs.values().filter_map(|run| run.deadline).chain(self.schedule.next()).min();
        match due {
            Some(at) => self.inputs.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => self.inputs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn serve(&mut self, request: Request) -> io::Result<()> {
        match request {
            Request::Run { id, script, timeout_ms } => {
                self.start(id, &script, Duration::from_millis(timeout_ms));
            }
            // A run that has just ended has nothing left to cancel; its end is on its way.
            Request::Cancel { id } => {
                if let Some(run) = self.runs.remove(&id) {
                    tell(&Event::Ended { id, result: run.stop(CommandStatus::Cancelled) });
                }
            }
            Request::Boot(_) | Request::PowerOff { .. } => return Err(io::Error::other("already booted")),
        }
        Ok(())
    }

    fn start(&mut self, id: String, script: &str, timeout: Duration) {
        let directory = run::directory(&self.root, &self.boot.instance_id, &id);
        let (sender, name) = (self.sender.clone(), id.clone());
        // Init receives nothing more once it goes down.
        let closed = move |copied| drop(sender.send(Input::OutputClosed(name, copied)));
        let environment = self.root.agent(&self.boot.instance_id, &id);
        let started =
            environment.and_then(|variables| Run::start(&directory, variables, &id, script, timeout, closed));
        match started {
            Ok(run) => {
                self.runs.insert(id, run);
                self.child_was_spawned();
            }
            Err(error) => tell(&Event::Ended { id, result: run::not_started(&directory, &error) }),
        }
    }

    fn exited(&mut self, status: WaitStatus) {
        let Some(pid) = status.pid() else { return };
        if let Some(run) = self.runs.values_mut().find(|run| run.pid == pid.as_raw()) {
            run.exited(status);
        }
    }

    fn report_ended_runs(&mut self) {
        self.runs.retain(|id, run| {
            let result = run.result();
            if let Some(result) = result {
                tell(&Event::Ended { id: id.clone(), result });
                return false;
            }
            true
        });
    }

    fn do_what_is_due(&mut self) {
        let now = Instant::now();
        let late = self.runs.extract_if(|_, run| run.deadline.is_some_and(|at| at <= now));
        for (id, run) in late {
            tell(&Event::Ended { id, result: run.stop(CommandStatus::TimedOut) });
        }
        for due in self.schedule.due(now) {
            match due {
                Due::Shutdown { restart } => tell(&Event::ShutdownRequested { restart }),
                Due::Command(command) => drop(self.start_unit(&command)),
            }
        }
    }

    /// Runs the units of a power off to their end. Everything else has to wait: the instance is going down.
    fn run_units_of_power_off(&self) {
        for unit in units::wanted_by(&self.root, Target::PowerOff) {
            let Some(pid) = self.start_unit(&unit) else { continue };
            let deadline = Instant::now() + UNIT_PATIENCE;
            loop {
                match self.inputs.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(Input::Exited(status)) if status.pid().is_some_and(|ended| ended.as_raw() == pid) => {
                        break;
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        }
    }

    /// Starts the command of a timer or of a unit; its output goes to the log. Returns its process id.
    fn start_unit(&self, (program, arguments): &Argv) -> Option<i32> {
        let log = || OpenOptions::new().append(true).create(true).open(self.root.path("var/log/messages"));
        let started = self.root.login(User::Root).and_then(|environment| {
            Command::new(program)
                .args(arguments)
                .env_clear()
                .envs(environment)
                .current_dir(self.root.home(User::Root))
                .process_group(0)
                .stdin(Stdio::null())
                .stdout(log()?)
                .stderr(log()?)
                .spawn()
        });
        match started {
            Ok(child) => {
                self.child_was_spawned();
                Some(child.id().cast_signed())
            }
            Err(error) => {
                refuse(&format!("guest init: cannot run {program}: {error}"));
                None
            }
        }
    }

    fn child_was_spawned(&self) {
        // The reaper lives as long as this does.
        let _ = self.spawned.send(());
    }
}

/// On Linux, orphans below this process become its children, so that it never loses sight of one.
fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    Ok(())
}

/// Whether the instance goes down is for the host to decide. Handled and not ignored, because an ignored signal
/// would stay ignored in every process below.
fn ignore_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    Ok(())
}

fn read_requests(inputs: &Sender<Input>) {
    for line in io::stdin().lock().lines() {
        let request = line.and_then(|line| Ok(serde_json::from_str(&line)?));
        let Ok(request) = request else { break };
        if inputs.send(Input::Request(request)).is_err() {
            return;
        }
    }
    // An end of file, or a host that sends something else than requests: in both cases the host is lost.
    let _ = inputs.send(Input::HostGone);
}

/// Collects every child that ends, the adopted ones too.
fn reap(spawns: &Receiver<()>, inputs: &Sender<Input>) {
    loop {
        match wait() {
            Ok(status) => {
                if inputs.send(Input::Exited(status)).is_err() {
                    return;
                }
            }
            Err(Errno::EINTR) => {}
            // No child means no descendant either, so none can appear before the next one is spawned.
            Err(_) => {
                if spawns.recv().is_err() {
                    return;
                }
            }
        }
    }
}

/// Reports an event to the host. If the host is gone, the report is lost, and the end of stdin follows.
fn tell(event: &Event) {
    let mut stdout = io::stdout().lock();
    let written = serde_json::to_writer(&mut stdout, event).map_err(io::Error::from);
    let _ = written.and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush());
}
