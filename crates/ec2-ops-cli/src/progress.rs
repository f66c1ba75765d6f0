//! Shows the progress of an execution on a terminal: its states and the output of its commands.

use std::collections::HashSet;

use ec2_ops_client::{Event, Line, Stream, What, duration};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use terminal_size::{Width, terminal_size_of};

use crate::output;
use crate::style::{Style, Tone};

/// Shows each event and each line once.
pub(crate) struct Progress {
    started: Timestamp,
    style: Style,
    /// Whether the output of the commands stays away.
    quiet: bool,
    state: String,
    /// The errors that were already shown for the current state. A boot repeats the same one many times.
    errors: HashSet<String>,
    /// The heartbeat, where the last line on the terminal is one.
    beat: Option<String>,
}

impl Progress {
    pub(crate) fn new(started: Timestamp, style: Style, quiet: bool) -> Self {
        Self { started, style, quiet, state: String::new(), errors: HashSet::new(), beat: None }
    }

    /// Shows an event, if it means something to a person.
    pub(crate) fn event(&mut self, event: &Event) {
        if let Some((tone, text)) = self.describe(&event.what) {
            let state = self.state.clone();
            self.line(event.at, &state, tone, &text);
        }
    }

    /// Shows a line that the commands printed.
    pub(crate) fn output(&mut self, line: &Line) {
        if self.quiet {
            return;
        }
        let (mark, tone) = match line.stream {
            Stream::Stdout => ("|", Tone::Plain),
            Stream::Stderr => ("!", Tone::Bad),
        };
        let at = line.at.unwrap_or(self.started);
        // Escape sequences of the commands would reach this terminal.
        let text: String =
            line.text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
        self.line(at, "", tone, &format!("{mark} {text}"));
    }

    /// Shows what the execution waits for, on a terminal that can write its last line anew.
    pub(crate) fn heartbeat(&mut self, now: Timestamp, waits_for: &str) {
        if self.style.rewrites() {
            let since = duration(now.duration_since(self.started));
            // A line that is wrapped could not be removed.
            let text: String = format!("{since}: {waits_for}").chars().take(width() - 1).collect();
            let text = self.style.paint(Tone::Waiting, &text);
            if self.beat.as_ref() != Some(&text) {
                output::say_part(format!("\r\x1b[K{text}"));
                self.beat = Some(text);
            }
        }
    }

    /// Removes the heartbeat.
    pub(crate) fn clear(&mut self) {
        if self.beat.take().is_some() {
            output::say_part("\r\x1b[K");
        }
    }

    fn line(&mut self, at: Timestamp, state: &str, tone: Tone, text: &str) {
        self.clear();
        let seconds = at.duration_since(self.started).max(SignedDuration::ZERO).as_secs_f64();
        output::say(format!("{seconds:>8.2} s  {state:<18} {}", self.style.paint(tone, text)));
    }

    fn describe(&mut self, what: &What) -> Option<(Tone, String)> {
        match what {
            What::Entered { state, kind, input } => {
                self.state.clone_from(state);
                self.errors.clear();
                let seconds = &input["outcome"]["backoff_seconds"];
                let number = input["attempt"]["number"].as_u64().unwrap_or(1);
                match (kind.as_str(), state.as_str()) {
                    ("Wait", _) => Some((Tone::Waiting, format!("{seconds} s before the next attempt"))),
                    (_, "EC2StarterFromAMI") if number > 1 => {
                        Some((Tone::Plain, format!("attempt {number}")))
                    }
                    _ => None,
                }
            }
            What::Exited { state, output } => done(state, output),
            What::Failed { error, message } => self.failed(error, message),
            What::TimedOut => Some((Tone::Waiting, "no event yet; polling again".to_owned())),
            What::Tried | What::Succeeded | What::Ended | What::Other => None,
        }
    }

    fn failed(&mut self, error: &str, message: &str) -> Option<(Tone, String)> {
        let line = match error {
            "CleanupPending" => (Tone::Waiting, message.to_owned()),
            _ if error.contains("NotReady") => (Tone::Waiting, message.to_owned()),
            _ => (Tone::Bad, format!("{error}: {message}")),
        };
        self.errors.insert(error.to_owned()).then_some(line)
    }
}

/// The columns of the terminal.
fn width() -> usize {
    terminal_size_of(std::io::stderr()).map_or(80, |(Width(columns), _)| usize::from(columns).max(2))
}

/// The result of a step. A failed step was shown before; its state exits through its Catch.
fn done(state: &str, output: &Value) -> Option<(Tone, String)> {
    let section = |section: &str, field: &str| output[section][field].as_str().map(str::to_owned);
    let plain = |text: String| Some((Tone::Plain, text));
    if state == "EC2Stopper" {
        let status = section("outcome", "status")?;
        return Some((if status == "Succeeded" { Tone::Good } else { Tone::Bad }, status));
    }
    if !output["error"].is_null() {
        return None;
    }
    match state {
        "EC2StarterFromAMI" => {
            plain(format!("launched {} ({})", section("instance", "id")?, section("instance", "market")?))
        }
        "Boot" => plain(format!("{} is ready", section("instance", "id")?)),
        "Commander" => plain(format!("sent command {}", section("command", "id")?)),
        "EC2Poller" => plain("the commands succeeded".to_owned()),
        "RunChecker" => plain(
            section("check", "object")
                .map_or("no check asked for".to_owned(), |object| format!("found {object}")),
        ),
        _ => None,
    }
}
