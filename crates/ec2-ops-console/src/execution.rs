//! One execution with all that AWS knows of it, as long as someone looks at it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops_client::{Client, Error, Execution, HistoryReader, Instance, Line, LogReader, Object, Volume};
use ec2_ops_sandbox::lock;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use crate::graph::{Graph, Layout};
use crate::pace::{Pace, Rhythm};
use crate::story::Story;

/// How long after the end of an execution its instance and its output are still looked at: what the SSM agent sends may be
/// late.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(8);
/// How many objects are listed.
const OBJECTS: i32 = 20;
/// How often EC2 is asked without news: of a sandbox, and of an account.
const EC2_EVERY: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(6)];

/// An execution, its definition, history, instances and output.
pub(crate) struct Watched {
    pub(crate) execution: Execution,
    pub(crate) definition: Value,
    pub(crate) graph: Graph,
    pub(crate) layout: Layout,
    pub(crate) story: Story,
    pub(crate) instances: Vec<Instance>,
    pub(crate) volumes: Vec<Volume>,
    /// What is where the document promises an object, or why that cannot be seen.
    pub(crate) objects: Result<Vec<Object>, String>,
    pub(crate) logs: BTreeMap<u32, Log>,
    /// Away while someone reads.
    history: Option<HistoryReader>,
    pace: Pace,
    looked_at_ec2: Option<Instant>,
}

/// What the commands of an attempt have printed.
#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) lines: Vec<Line>,
    reader: Option<LogReader>,
    /// Whether the complete output was read.
    complete: bool,
}

impl Log {
    /// How far it was read, without the lines.
    fn place(&self) -> Self {
        Self { lines: Vec::new(), reader: self.reader.clone(), complete: self.complete }
    }
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
            history: Some(client.history(&execution.arn)),
            story: Story::default(),
            instances: Vec::new(),
            volumes: Vec::new(),
            objects: Ok(Vec::new()),
            logs: BTreeMap::new(),
            pace: Pace::default(),
            looked_at_ec2: None,
            execution,
        })
    }

    /// Whether nothing of it changes any more.
    pub(crate) fn is_settled(&self) -> bool {
        let late = self.execution.ended.is_some_and(|ended| Timestamp::now() > ended + AFTERWARDS);
        late && self.pace.has_looked()
            && self.instances.iter().all(|one| matches!(one.state.as_str(), "stopped" | "terminated"))
    }

    /// The region of its instances.
    pub(crate) fn region<'a>(&'a self, client: &'a Client) -> &'a str {
        let launched = self.story.attempts().iter().rev().find_map(|attempt| attempt.instance.as_ref());
        launched
            .map(|instance| instance.region.as_str())
            .or(self.execution.region())
            .unwrap_or(client.region())
    }

    /// Bucket and key, or prefix, of what the execution promises: as an attempt has found it, else as the document names it.
    fn promised(&self) -> Option<(String, String)> {
        let outcome = self.execution.outcome().unwrap_or_default();
        let last = outcome["attempts"].as_array().and_then(|attempts| attempts.last()?["output"].as_str());
        if let Some((bucket, key)) = last.and_then(|place| place.strip_prefix("s3://")?.split_once('/')) {
            return Some((bucket.to_owned(), key.to_owned()));
        }
        let text = |name: &str| self.execution.document[name].as_str().map(str::to_owned);
        text("bucket").zip(text("obj_key"))
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

/// Reads what is new of an execution, and of the output of the attempt that is `chosen`, unless that was done just now or is
/// under way. What is known can be seen while the network is asked: the entry is locked only to note what was found.
///
/// It has to be polled to its end.
///
/// # Errors
/// Where AWS cannot be asked.
pub(crate) async fn refresh(
    entry: Arc<Mutex<Watched>>,
    client: Client,
    chosen: Option<u32>,
    rhythm: Rhythm,
) -> Result<(), Error> {
    let begun = {
        let mut watched = lock(&entry);
        let due = watched.pace.is_due(rhythm);
        let unread = chosen.is_some_and(|number| !watched.logs.contains_key(&number));
        if due && (!watched.is_settled() || unread) { watched.history.take() } else { None }
    };
    let Some(mut history) = begun else { return Ok(()) };
    let now = Instant::now();
    let looked = look(&entry, &client, &mut history, chosen).await;
    let mut watched = lock(&entry);
    watched.history = Some(history);
    watched.pace.looked(now);
    looked
}

async fn look(
    entry: &Mutex<Watched>,
    client: &Client,
    history: &mut HistoryReader,
    chosen: Option<u32>,
) -> Result<(), Error> {
    let events = history.read().await?;
    let (arn, over, ec2_is_due) = {
        let mut watched = lock(entry);
        let every = EC2_EVERY[usize::from(client.sandbox().is_none())];
        let due = watched.looked_at_ec2.is_none_or(|looked| looked.elapsed() >= every) || !events.is_empty();
        watched.story.extend(events);
        let over = watched.story.ended().is_some() && watched.execution.ended.is_none();
        (watched.execution.arn.clone(), over, due)
    };
    if over {
        let execution = client.describe(&arn).await?;
        lock(entry).execution = execution;
    }
    if ec2_is_due {
        let region = lock(entry).region(client).to_owned();
        let mut instances = client.instances(&region, Some(&arn)).await?;
        instances.sort_by_key(|instance| instance.attempt);
        let volumes = client.volumes_left_by(&arn, &region).await?;
        let promised = lock(entry).promised();
        let objects = match promised {
            // A bucket of another account or region may not be seen from here. The execution does not depend on that.
            Some((bucket, key)) => {
                client.objects(&bucket, &key, OBJECTS).await.map_err(|error| error.to_string())
            }
            None => Ok(Vec::new()),
        };
        let mut watched = lock(entry);
        watched.looked_at_ec2 = Some(Instant::now());
        (watched.instances, watched.volumes, watched.objects) = (instances, volumes, objects);
    }
    let last = lock(entry).story.attempt(None).map(|attempt| attempt.number);
    read_log(entry, client, last).await?;
    let unread = chosen.filter(|number| !lock(entry).logs.contains_key(number));
    read_log(entry, client, unread).await
}

/// Reads what the commands of attempt `number` have printed since the last time.
async fn read_log(entry: &Mutex<Watched>, client: &Client, number: Option<u32>) -> Result<(), Error> {
    let known = {
        let watched = lock(entry);
        let attempt = watched.story.attempts().iter().find(|attempt| Some(attempt.number) == number);
        attempt.map(|attempt| {
            (attempt.clone(), watched.logs.get(&attempt.number).map(Log::place).unwrap_or_default())
        })
    };
    let Some((attempt, mut log)) = known else { return Ok(()) };
    if log.reader.is_none() {
        log.reader = client.log_reader(&attempt);
    }
    let lines = match &mut log.reader {
        Some(reader) => reader.read().await?,
        // Without a log group there is the complete output, once the commands have ended.
        None if attempt.command.is_some() && !log.complete => {
            let lines = client.uploaded_output(&attempt).await?;
            log.complete = lines.is_some();
            lines.unwrap_or_default()
        }
        None => Vec::new(),
    };
    let mut watched = lock(entry);
    let known = watched.logs.entry(attempt.number).or_default();
    known.lines.extend(lines);
    (known.reader, known.complete) = (log.reader, log.complete);
    Ok(())
}
