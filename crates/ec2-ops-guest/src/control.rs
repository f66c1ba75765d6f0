//! How the commands of the image speak to init: one JSON line each way over a Unix socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::layout::Root;

/// Relative to the root, which both sides make their current directory: a socket's path holds about a hundred
/// bytes, and a temporary directory may well be longer.
const SOCKET: &str = "run/init";

/// The most that a request may be long, in bytes.
const LONGEST_REQUEST: u64 = 1 << 20;

/// What a command of the image asks of init.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Shut down after that many seconds.
    Shutdown { after_seconds: u64, restart: bool },
    /// Forget the scheduled shutdown.
    CancelShutdown,
    /// Run a command after that many seconds.
    StartTimer { unit: Option<String>, after_seconds: u64, command: Argv },
    /// Forget a scheduled command.
    StopTimer { unit: String },
}

/// A program and its arguments.
pub(super) type Argv = (String, Vec<String>);

/// What init says to it: a text for the person who asked, or why not.
pub(super) type Answer = Result<String, String>;

/// Hands every order that arrives to `deliver`, with the way back for the answer.
pub(super) fn listen(deliver: impl Fn(Order, Sender<Answer>) + Send + 'static) -> io::Result<()> {
    match std::fs::remove_file(SOCKET) {
        // Left over by the boot before.
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(SOCKET)?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A caller that has gone away misses only its own answer.
            let _ = serve(&stream, &deliver);
        }
    });
    Ok(())
}

fn serve(mut stream: &UnixStream, deliver: &impl Fn(Order, Sender<Answer>)) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_REQUEST)).read_line(&mut line)?;
    let answer = match serde_json::from_str(&line) {
        Ok(order) => {
            let (sender, receiver) = mpsc::channel();
            deliver(order, sender);
            receiver.recv().unwrap_or_else(|_| Err("init is going down".to_owned()))
        }
        Err(error) => Err(format!("init does not understand {line:?}: {error}")),
    };
    serde_json::to_writer(stream, &answer)?;
    stream.write_all(b"\n")
}

/// Gives an order to the init of the caller's instance.
pub(super) fn order(root: &Root, order: &Order) -> io::Result<Answer> {
    std::env::set_current_dir(root.path("."))?;
    let mut stream = UnixStream::connect(SOCKET)?;
    serde_json::to_writer(&stream, order)?;
    stream.write_all(b"\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}
