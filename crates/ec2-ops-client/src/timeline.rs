//! The history of an execution as people see it: attempts, their states, and what the execution waits for.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{Client, Error, Event, What};

/// What an execution has done so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    visits: Vec<Visit>,
    attempts: Vec<Attempt>,
    ended: bool,
}

/// One stay in a state in which time passes: a task or a wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// The state's name.
    pub state: String,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// When it was entered.
    pub entered: Timestamp,
    /// When it was left.
    pub left: Option<Timestamp>,
    /// How often its task was tried; 0 for a wait.
    pub tries: u32,
    /// The error of the last try, if that failed, and what it says.
    pub error: Option<(String, String)>,
    /// When a wait is over.
    until: Option<Timestamp>,
}

/// One attempt: at most one instance, and at most one command.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// Its instance, once it is launched.
    pub instance: Option<InstanceRef>,
    /// Its command, once it is sent.
    pub command: Option<CommandRef>,
    /// Its status, once it is over and cleaned up.
    pub status: Option<String>,
    /// Why it has that status, if that is no success.
    pub reason: Option<String>,
}

/// An instance of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRef {
    /// Its id.
    pub id: String,
    /// Its region.
    pub region: String,
    /// How it was bought: `spot` or `on-demand`.
    pub market: String,
}

/// A command of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRef {
    /// Its id.
    pub id: String,
    /// Where its output is kept: `s3://…` and `cloudwatch:GROUP:COMMAND`.
    pub logs: Vec<String>,
    /// When it has ended at the latest.
    pub end_by: Option<Timestamp>,
}

/// What an execution waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The state that it is in.
    pub state: String,
    /// For what it waits.
    pub reason: String,
    /// Until when at the latest, where that is known.
    pub until: Option<Timestamp>,
}

impl Timeline {
    /// Takes in what happened next.
    pub fn extend<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            self.take(event);
        }
    }

    /// The stays in states, in order.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// The attempts, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Whether the execution has ended.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What the execution waits for, while it runs.
    pub fn waiting(&self) -> Option<Waiting> {
        let visit = self.visits.last().filter(|visit| visit.left.is_none() && !self.ended)?;
        let (reason, until) = match (visit.state.as_str(), &visit.error) {
            ("EC2Poller", _) => {
                let command = self.attempts.last().and_then(|attempt| attempt.command.as_ref());
                ("its commands to end".to_owned(), command.and_then(|command| command.end_by))
            }
            (_, _) if visit.until.is_some() => ("the next attempt".to_owned(), visit.until),
            (_, Some((_, message))) if !message.is_empty() => (message.clone(), None),
            (_, Some((error, _))) => (format!("another try after {error}"), None),
            (_, None) => ("the function to answer".to_owned(), None),
        };
        Some(Waiting { state: visit.state.clone(), reason, until })
    }

    fn take(&mut self, event: &Event) {
        match &event.what {
            What::Entered { state, kind, input } => {
                self.note(input);
                if kind == "Task" || kind == "Wait" {
                    let wait = input["outcome"]["backoff_seconds"].as_i64().filter(|_| kind == "Wait");
                    self.visits.push(Visit {
                        state: state.clone(),
                        attempt: self.attempts.last().map_or(1, |attempt| attempt.number),
                        entered: event.at,
                        left: None,
                        tries: 0,
                        error: None,
                        until: wait.map(|seconds| event.at + SignedDuration::from_secs(seconds)),
                    });
                }
            }
            What::Exited { state, output } => {
                self.note(output);
                if let Some(visit) = self.open().filter(|visit| visit.state == *state) {
                    visit.left = Some(event.at);
                }
            }
            What::Tried => self.change(|visit| visit.tries += 1),
            What::Failed { error, message } => {
                self.change(|visit| visit.error = Some((error.clone(), message.clone())));
            }
            What::Succeeded | What::TimedOut => self.change(|visit| visit.error = None),
            What::Ended => self.ended = true,
            What::Other => {}
        }
    }

    fn open(&mut self) -> Option<&mut Visit> {
        self.visits.last_mut().filter(|visit| visit.left.is_none())
    }

    fn change(&mut self, how: impl FnOnce(&mut Visit)) {
        if let Some(visit) = self.open() {
            how(visit);
        }
    }

    /// Reads the sections that the steps have written so far.
    fn note(&mut self, state: &Value) {
        let Some(number) = state["attempt"]["number"].as_u64().and_then(|number| number.try_into().ok())
        else {
            return;
        };
        if self.attempts.last().is_none_or(|attempt| attempt.number != number) {
            self.attempts.push(Attempt { number, instance: None, command: None, status: None, reason: None });
        }
        let Some(attempt) = self.attempts.last_mut() else { return };
        attempt.instance = InstanceRef::read(&state["instance"]).or(attempt.instance.take());
        attempt.command = CommandRef::read(&state["command"]).or(attempt.command.take());
        let records = state["outcome"]["attempts"].as_array();
        let record = records.and_then(|records| records.iter().find(|record| record["attempt"] == number));
        if let Some(record) = record {
            attempt.status = text(record, "status");
            attempt.reason = text(record, "reason");
        }
    }
}

impl InstanceRef {
    fn read(section: &Value) -> Option<Self> {
        let market = text(section, "market").unwrap_or_default();
        Some(Self { id: text(section, "id")?, region: text(section, "region")?, market })
    }
}

impl CommandRef {
    fn read(section: &Value) -> Option<Self> {
        let logs = section["logs"].as_array().into_iter().flatten();
        Some(Self {
            id: text(section, "id")?,
            logs: logs.filter_map(|place| place.as_str().map(str::to_owned)).collect(),
            end_by: text(section, "end_by").and_then(|time| time.parse().ok()),
        })
    }
}

fn text(section: &Value, field: &str) -> Option<String> {
    section[field].as_str().map(str::to_owned)
}

impl Client {
    /// What the execution with that ARN has done so far.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn timeline(&self, arn: &str) -> Result<Timeline, Error> {
        let mut timeline = Timeline::default();
        timeline.extend(&self.history(arn).read().await?);
        Ok(timeline)
    }
}

#[cfg(test)]
mod tests;
