//! Watches an execution to its end: for `run`, and for `start --wait`.

use std::time::Duration;

use ec2_ops::document::DEFAULT_TIMEOUT_S;
use ec2_ops_client::{Client, Event, Execution, HistoryReader, LogFollower, Timeline, What, duration};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::exit::Failure;
use crate::progress::Progress;
use crate::style::Style;

/// An execution that is watched.
pub(crate) struct Watch<'a> {
    client: &'a Client,
    arn: String,
    history: HistoryReader,
    timeline: Timeline,
    logs: LogFollower,
    progress: Progress,
    /// The limit on the commands, in seconds.
    timeout_s: u64,
    /// The entry of the commands that started last.
    entry: Option<String>,
}

impl<'a> Watch<'a> {
    /// Watches the execution with that ARN of `document`.
    pub(crate) fn new(
        client: &'a Client,
        arn: &str,
        document: &Value,
        started: Timestamp,
        quiet: bool,
    ) -> Self {
        Self {
            client,
            arn: arn.to_owned(),
            history: client.history(arn),
            timeline: Timeline::default(),
            logs: client.follow_logs(),
            progress: Progress::new(started, Style::of_stderr(), quiet),
            timeout_s: document["run_options"]["timeout_s"].as_u64().unwrap_or(DEFAULT_TIMEOUT_S.into()),
            entry: None,
        }
    }

    /// Watches until the execution ends, or the time is over.
    pub(crate) async fn until_the_end(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<Option<Execution>, Failure> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let events = self.history.read().await?;
            for event in &events {
                self.event(event).await?;
            }
            self.lines().await?;
            if self.timeline.ended() {
                self.progress.clear();
                return Ok(Some(self.client.describe(&self.arn).await?));
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.progress.clear();
                return Ok(None);
            }
            self.heartbeat();
            tokio::time::sleep(self.client.look_every()).await;
        }
    }

    async fn event(&mut self, event: &Event) -> Result<(), Failure> {
        match &event.what {
            // The lines of the commands come before what followed them.
            What::Exited { state, .. } if state == "EC2Poller" => self.lines().await?,
            What::Entered { state, .. } if state == "Commander" => self.entry = None,
            _ => {}
        }
        self.timeline.extend([event]);
        self.progress.event(event);
        if let Some(attempt) = self.timeline.attempts().last() {
            self.logs.go_on_to(attempt);
        }
        Ok(())
    }

    async fn lines(&mut self) -> Result<(), Failure> {
        let (_, lines) = self.logs.read().await?;
        for line in &lines {
            match line.entry() {
                // Not among the output: stdout and stderr have no common order.
                Some(entry) => self.entry = Some(entry.to_owned()),
                None => self.progress.output(line),
            }
        }
        Ok(())
    }

    fn heartbeat(&mut self) {
        let now = Timestamp::now();
        let Some(waiting) = self.timeline.waiting() else { return };
        let visit = self.timeline.visits().last().filter(|visit| visit.state == "EC2Poller");
        let waits_for = match visit {
            Some(visit) => {
                let runs = duration(now.duration_since(visit.entered));
                let most = duration(jiff::SignedDuration::from_secs(self.timeout_s.cast_signed()));
                let entry =
                    self.entry.as_ref().map_or_else(String::new, |entry| format!(", now command {entry}"));
                format!("the commands have run {runs} of at most {most}{entry}")
            }
            None => format!("{}: {}", waiting.state, waiting.reason.lines().next().unwrap_or_default()),
        };
        let again = match self.timeline.attempts().last() {
            Some(attempt) if attempt.number > 1 => format!("attempt {}: ", attempt.number),
            _ => String::new(),
        };
        self.progress.heartbeat(now, &format!("{again}{waits_for}"));
    }
}

/// The outcome of an execution that has ended, or the report on one that ended without.
pub(crate) fn outcome(execution: &Execution) -> Value {
    let without = || json!({ "status": execution.standing().as_str(), "reason": execution.reason() });
    execution.outcome().unwrap_or_else(without)
}
