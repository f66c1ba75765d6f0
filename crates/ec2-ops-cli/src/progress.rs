//! The progress of an execution, state by state, for a person at a terminal.

use std::collections::HashMap;

use ec2_ops::ErrorReport;
use ec2_ops_asl::{Details, Event, StateType};
use jiff::Timestamp;

/// Shows each event once.
pub(crate) struct Progress {
    started: Timestamp,
    shown: usize,
    state: String,
    /// How often the present state has been repeated, by error.
    repeated: HashMap<String, u32>,
}

impl Progress {
    pub(crate) fn new(started: Timestamp) -> Self {
        Self { started, shown: 0, state: String::new(), repeated: HashMap::new() }
    }

    /// Shows what is new in `events`.
    pub(crate) fn show(&mut self, events: &[Event]) {
        for event in events.iter().skip(self.shown) {
            if let Some(text) = self.line(&event.details) {
                let seconds = (event.timestamp - self.started).total(jiff::Unit::Second).unwrap_or_default();
                eprintln!("{seconds:>8.2} s  {:<18} {text}", self.state);
            }
        }
        self.shown = events.len();
    }

    fn line(&mut self, details: &Details) -> Option<String> {
        match details {
            Details::StateEntered { state_type, name, .. } => {
                self.state = name.to_string();
                self.repeated.clear();
                match state_type {
                    StateType::Task | StateType::Wait => Some("…".to_owned()),
                    StateType::Fail | StateType::Succeed => Some("end".to_owned()),
                    StateType::Choice | StateType::Pass => None,
                }
            }
            Details::StateExited { state_type: StateType::Task, name, output } => {
                let section = match &**name {
                    "EC2StarterFromAMI" => format!(
                        "{} ({})",
                        text(&output["instance"]["id"]),
                        text(&output["instance"]["market"])
                    ),
                    "Commander" => format!("command {}", text(&output["command"]["id"])),
                    "RunChecker" => text(&output["check"]["object"]),
                    "EC2Stopper" => text(&output["outcome"]["status"]),
                    _ => String::new(),
                };
                Some(if section.is_empty() { "done".to_owned() } else { format!("done: {section}") })
            }
            Details::TaskFailed { failure, .. } => {
                self.failed(failure.error.as_deref(), failure.cause.as_deref())
            }
            Details::TaskTimedOut { .. } => Some("no event yet; looking again".to_owned()),
            _ => None,
        }
    }

    /// A repeated error is shown once per state: a boot takes many looks.
    fn failed(&mut self, error: Option<&str>, cause: Option<&str>) -> Option<String> {
        let error = error.unwrap_or("error");
        let count = self.repeated.entry(error.to_owned()).or_default();
        *count += 1;
        let cause = cause.unwrap_or_default();
        let message = serde_json::from_str::<ErrorReport>(cause)
            .map_or_else(|_| cause.to_owned(), |report| report.message);
        (*count == 1).then(|| format!("{error}: {message}"))
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
