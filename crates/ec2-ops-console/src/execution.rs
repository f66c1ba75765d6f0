//! One execution with all that AWS knows of it, as long as someone looks at it.

use std::collections::BTreeMap;
use std::time::Duration;

use ec2_ops_client::{Client, Error, Execution, HistoryReader, Instance, Line, LogReader, Volume};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use crate::graph::{Graph, Layout};
use crate::story::Story;

/// How long after the end of an execution its instance and its output are still looked at: what the SSM agent sends may be
/// late.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(8);
/// How often EC2 is asked, in an account.
const EC2_EVERY: Duration = Duration::from_secs(6);

/// An execution, its definition, history, instances and output.
pub(crate) struct Watched {
    pub(crate) execution: Execution,
    pub(crate) definition: Value,
    pub(crate) graph: Graph,
    pub(crate) layout: Layout,
    pub(crate) story: Story,
    pub(crate) instances: Vec<Instance>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) logs: BTreeMap<u32, Log>,
    history: HistoryReader,
    looked: Option<Instant>,
    looked_at_ec2: Option<Instant>,
}

/// What the commands of an attempt have printed.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) lines: Vec<Line>,
    reader: Option<LogReader>,
    /// Whether the complete output was read.
    complete: bool,
}

impl Watched {
    /// The execution that is called so, or begins so.
    ///
    /// # Errors
    /// Where there is none, or AWS cannot be asked.
    pub(crate) async fn find(client: &Client, name: &str) -> Result<Self, Error> {
        let execution = client.find(name).await?;
        let definition = client.definition(&execution.arn).await?;
        let graph = Graph::of(&definition);
        Ok(Self {
            layout: Layout::of(&graph),
            graph,
            definition,
            history: client.history(&execution.arn),
            story: Story::default(),
            instances: Vec::new(),
            volumes: Vec::new(),
            logs: BTreeMap::new(),
            looked: None,
            looked_at_ec2: None,
            execution,
        })
    }

    /// Whether nothing of it changes any more.
    pub(crate) fn is_settled(&self) -> bool {
        let late = self.execution.ended.is_some_and(|ended| Timestamp::now() > ended + AFTERWARDS);
        late && self.looked.is_some()
            && self.instances.iter().all(|one| matches!(one.state.as_str(), "stopped" | "terminated"))
    }

    /// Reads what is new, unless that was done just now.
    ///
    /// # Errors
    /// Where AWS cannot be asked.
    pub(crate) async fn refresh(&mut self, client: &Client) -> Result<(), Error> {
        let every = client.look_every();
        if self.is_settled() || self.looked.is_some_and(|looked| looked.elapsed() < every) {
            return Ok(());
        }
        let events = self.history.read().await?;
        let news = !events.is_empty();
        self.story.extend(events);
        if self.story.ended().is_some() && self.execution.ended.is_none() {
            self.execution = client.describe(&self.execution.arn).await?;
        }
        let ec2_every = if client.sandbox().is_some() { every } else { EC2_EVERY };
        if news || self.looked_at_ec2.is_none_or(|looked| looked.elapsed() >= ec2_every) {
            self.looked_at_ec2 = Some(Instant::now());
            self.ask_ec2(client).await?;
        }
        self.looked = Some(Instant::now());
        if let Some(number) = self.story.attempt(None).map(|attempt| attempt.number) {
            self.read_log(client, number).await?;
        }
        Ok(())
    }

    /// The region of its instances.
    pub(crate) fn region<'a>(&'a self, client: &'a Client) -> &'a str {
        let launched = self.story.attempts().iter().rev().find_map(|attempt| attempt.instance.as_ref());
        launched
            .map(|instance| instance.region.as_str())
            .or(self.execution.region())
            .unwrap_or(client.region())
    }

    async fn ask_ec2(&mut self, client: &Client) -> Result<(), Error> {
        let region = self.region(client).to_owned();
        let arn = self.execution.arn.as_str();
        self.instances = client.instances(&region, Some(arn)).await?;
        self.instances.sort_by_key(|instance| instance.attempt);
        self.volumes = client.volumes_left_by(arn, &region).await?;
        Ok(())
    }

    /// Reads what the commands of attempt `number` have printed since the last time.
    ///
    /// # Errors
    /// Where AWS cannot be asked.
    pub(crate) async fn read_log(&mut self, client: &Client, number: u32) -> Result<(), Error> {
        let Some(attempt) = self.story.attempts().iter().find(|attempt| attempt.number == number) else {
            return Ok(());
        };
        let log = self.logs.entry(number).or_default();
        if log.reader.is_none() {
            log.reader = client.log_reader(attempt);
        }
        match &mut log.reader {
            Some(reader) => log.lines.extend(reader.read().await?),
            // Without a log group there is the complete output, once the commands have ended.
            None if attempt.command.is_some() && !log.complete => {
                if let Some(lines) = client.uploaded_output(attempt).await? {
                    log.complete = true;
                    log.lines = lines;
                }
            }
            None => {}
        }
        Ok(())
    }

    /// The record of an attempt in the outcome; null before it is there.
    pub(crate) fn record(&self, number: u32) -> Value {
        let outcome = self.execution.outcome().unwrap_or_else(|| self.outcome_so_far());
        let records = outcome["attempts"].as_array().map_or(&[][..], Vec::as_slice).iter();
        records.rev().find(|record| record["attempt"] == number).cloned().unwrap_or_default()
    }

    /// The outcome that the last state has as its input.
    fn outcome_so_far(&self) -> Value {
        let last = self.story.visits().last().map(|visit| self.story.payloads(visit).0);
        last.map_or(Value::Null, |input| input["outcome"].clone())
    }
}
