//! Shows the progress of an execution on a terminal: a line for each state.

use std::collections::HashSet;
use std::io::IsTerminal as _;

use ec2_ops::{ErrorReport, Status};
use ec2_ops_asl::{Details, Event, StateType};
use jiff::Timestamp;
use serde_json::Value;

/// Whether lines are coloured.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    colours: bool,
}

impl Style {
    /// Colours for a terminal, unless <https://no-color.org> says otherwise.
    pub(crate) fn of_stderr() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: std::io::stderr().is_terminal() && !refused }
    }

    fn paint(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            _ if !self.colours => text.to_owned(),
            Tone::Waiting => format!("\x1b[2m{text}\x1b[0m"),
            Tone::Good => format!("\x1b[32m{text}\x1b[0m"),
            Tone::Bad => format!("\x1b[31m{text}\x1b[0m"),
        }
    }
}

/// The tone of a line, shown as its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Plain,
    Waiting,
    Good,
    Bad,
}

/// Shows each event once.
pub(crate) struct Progress {
    started: Timestamp,
    style: Style,
    shown: usize,
    state: String,
    /// The errors that were already shown for the current state. A boot repeats the same one many times.
    errors: HashSet<String>,
}

impl Progress {
    pub(crate) fn new(started: Timestamp, style: Style) -> Self {
        Self { started, style, shown: 0, state: String::new(), errors: HashSet::new() }
    }

    /// Shows the new ones of `events`.
    pub(crate) fn show(&mut self, events: &[Event]) {
        for event in events.iter().skip(self.shown) {
            if let Some((tone, text)) = self.line(&event.details) {
                let seconds = (event.timestamp - self.started).total(jiff::Unit::Second).unwrap_or_default();
                let text = self.style.paint(tone, &text);
                eprintln!("{seconds:>8.2} s  {:<18} {text}", self.state);
            }
        }
        self.shown = events.len();
    }

    fn line(&mut self, details: &Details) -> Option<(Tone, String)> {
        match details {
            Details::StateEntered { state_type, name, input } => {
                self.state = name.to_string();
                self.errors.clear();
                let seconds = &input["outcome"]["backoff_seconds"];
                (*state_type == StateType::Wait)
                    .then(|| (Tone::Waiting, format!("{seconds} s before the next attempt")))
            }
            Details::StateExited { state_type: StateType::Task, name, output } => done(name, output),
            Details::TaskFailed { failure, .. } => {
                self.failed(failure.error.as_deref(), failure.cause.as_deref())
            }
            Details::TaskTimedOut { .. } => Some((Tone::Waiting, "no event yet; polling again".to_owned())),
            _ => None,
        }
    }

    fn failed(&mut self, error: Option<&str>, cause: Option<&str>) -> Option<(Tone, String)> {
        let error = error.unwrap_or("error");
        let cause = cause.unwrap_or_default();
        let message = serde_json::from_str::<ErrorReport>(cause)
            .map_or_else(|_| cause.to_owned(), |report| report.message);
        let line = match error {
            "InstanceNotReady" | "QueuedInstanceNotReady" | "CleanupPending" => (Tone::Waiting, message),
            _ => (Tone::Bad, format!("{error}: {message}")),
        };
        self.errors.insert(error.to_owned()).then_some(line)
    }
}

/// The result of a step. A failed step was shown before; its state exits through its Catch.
fn done(state: &str, output: &Value) -> Option<(Tone, String)> {
    let section = |section: &str, field: &str| output[section][field].as_str().map(str::to_owned);
    let plain = |text: String| Some((Tone::Plain, text));
    if state == "EC2Stopper" {
        let status = section("outcome", "status")?;
        let good = serde_json::from_value(output["outcome"]["status"].clone())
            .is_ok_and(|status: Status| status == Status::Succeeded);
        return Some((if good { Tone::Good } else { Tone::Bad }, status));
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
