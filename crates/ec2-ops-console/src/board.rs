//! The executions of the deployment, and what all of them have running.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use ec2_ops_client::{Client, Error, Execution, Instance, Listed, RUNNING};
use ec2_ops_sandbox::lock;
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use tokio::time::Instant;

use crate::pace::{Pace, Rhythm};

/// How many executions are shown.
const MOST: usize = 1_000;
/// How many of the latest are looked at for new ones.
const NEWEST: usize = 50;
/// How many are described at once, and between two looks at what is new.
const AT_ONCE: usize = 8;
const PER_LOOK: usize = 32;

/// The latest executions.
#[derive(Debug, Default)]
pub(crate) struct Board {
    rows: HashMap<String, Row>,
    /// The ARNs, the latest first.
    order: Vec<String>,
    instances: Vec<Instance>,
    /// Where they were looked for: the region of the deployment, and those of the rows.
    regions: BTreeSet<String>,
    /// Counts the changes.
    version: u64,
    pace: Pace,
    /// Whether someone looks at the moment.
    looking: bool,
}

/// An execution.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) listed: Listed,
    /// What is known beyond the listing; nothing before it is described.
    pub(crate) summary: Option<Summary>,
    /// The version of the board that changed it last.
    pub(crate) changed: u64,
}

/// What a row shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) standing: String,
    pub(crate) reason: Option<String>,
    pub(crate) attempt: Option<u64>,
    pub(crate) attempts: u64,
    pub(crate) instance: Option<String>,
    pub(crate) instance_type: Option<String>,
    pub(crate) market: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) region: Option<String>,
    over: bool,
}

impl Row {
    /// How the execution stands, in one word.
    pub(crate) fn standing(&self) -> &str {
        match &self.summary {
            Some(summary) => &summary.standing,
            None if self.listed.ended.is_none() => RUNNING,
            None => "",
        }
    }

    fn is_stale(&self) -> bool {
        self.summary.as_ref().is_none_or(|summary| !summary.over && self.listed.ended.is_some())
    }
}

impl Summary {
    /// What `execution` says of itself.
    pub(crate) fn of(execution: &Execution) -> Self {
        let outcome = execution.outcome().unwrap_or_default();
        let last =
            outcome["attempts"].as_array().and_then(|attempts| attempts.last()).cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let asked = &execution.document["instance_parameters"]["InstanceType"];
        let asked = asked.as_array().and_then(|types| types.first()).unwrap_or(asked);
        Self {
            standing: execution.standing().as_str().to_owned(),
            reason: execution.reason(),
            attempt: last["attempt"].as_u64(),
            attempts: execution.document["run_options"]["n_retries_allowed"].as_u64().unwrap_or(0) + 1,
            instance: text(&last["instances"][0]),
            instance_type: text(&last["instance_type"]).or_else(|| text(asked)),
            market: text(&last["market"]),
            output: text(&last["output"]),
            region: execution.region().map(str::to_owned),
            over: execution.ended.is_some(),
        }
    }
}

impl Board {
    /// The rows, the latest first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.order.iter().filter_map(|arn| self.rows.get(arn))
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The regions in which instances were looked for.
    pub(crate) fn regions(&self) -> String {
        self.regions.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The instances of the deployment that cost by the second.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|instance| instance.is_running())
    }

    /// The instances that are left running by executions that are over: none, as ec2-ops promises, once their cleanup had
    /// its time.
    pub(crate) fn left(&self) -> usize {
        let over = |arn: &String| self.rows.get(arn).is_none_or(|row| row.listed.ended.is_some());
        self.running().filter(|instance| over(&instance.execution)).count()
    }

    /// How many executions stand so, by the word.
    pub(crate) fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for row in self.rows().filter(|row| !row.standing().is_empty()) {
            *counts.entry(row.standing()).or_insert(0) += 1;
        }
        counts
    }

    /// Whether it is time to look at what is new. If so, the caller does.
    fn begin(&mut self, rhythm: Rhythm) -> bool {
        self.pace.is_due(rhythm) && !std::mem::replace(&mut self.looking, true)
    }

    fn note(&mut self, listed: Listed) {
        match self.rows.get_mut(&listed.arn) {
            Some(row) if row.listed == listed => {}
            Some(row) => {
                self.version += 1;
                row.listed = listed;
                row.changed = self.version;
            }
            None => {
                self.version += 1;
                self.order.insert(0, listed.arn.clone());
                let row = Row { summary: None, changed: self.version, listed };
                self.rows.insert(row.listed.arn.clone(), row);
            }
        }
    }

    fn learn(&mut self, execution: &Execution) {
        let Some(row) = self.rows.get_mut(&execution.arn) else { return };
        let mut summary = Summary::of(execution);
        row.listed.ended = execution.ended;
        if !summary.over {
            placed(&mut summary, &self.instances, &execution.arn);
        }
        if row.summary.as_ref() != Some(&summary) {
            self.version += 1;
            row.changed = self.version;
            row.summary = Some(summary);
        }
    }

    /// Takes in what EC2 knows.
    fn take(&mut self, instances: Vec<Instance>, regions: BTreeSet<String>) {
        if instances == self.instances && regions == self.regions {
            return;
        }
        self.regions = regions;
        self.instances = instances;
        self.version += 1;
        for row in self.rows.values_mut() {
            let Some(summary) = row.summary.as_mut().filter(|summary| !summary.over) else { continue };
            let before = summary.clone();
            placed(summary, &self.instances, &row.listed.arn);
            if before != *summary {
                row.changed = self.version;
            }
        }
    }
}

/// Looks at what is new, unless that was done just now or is under way. The board is locked only to note what was found.
///
/// It has to be polled to its end.
///
/// # Errors
/// Where AWS cannot be asked.
pub(crate) async fn refresh(board: Arc<Mutex<Board>>, client: Client, rhythm: Rhythm) -> Result<(), Error> {
    if !lock(&board).begin(rhythm) {
        return Ok(());
    }
    let now = Instant::now();
    let looked = look(&board, &client).await;
    let mut board = lock(&board);
    board.looking = false;
    board.pace.looked(now);
    looked
}

async fn look(board: &Mutex<Board>, client: &Client) -> Result<(), Error> {
    list(board, client).await?;
    let regions: BTreeSet<_> = {
        let board = lock(board);
        let regions = board.rows().filter_map(|row| row.summary.as_ref()?.region.clone());
        regions.chain([client.region().to_owned()]).collect()
    };
    let mut instances = Vec::new();
    for region in &regions {
        instances.extend(client.instances(region, None).await?);
    }
    lock(board).take(instances, regions);
    describe(board, client).await
}

/// Lists the latest executions and those that run.
async fn list(board: &Mutex<Board>, client: &Client) -> Result<(), Error> {
    let is_new = |listed: &Listed| !lock(board).rows.contains_key(&listed.arn);
    let mut latest =
        if lock(board).order.is_empty() { Vec::new() } else { client.latest(NEWEST, false).await? };
    if latest.iter().all(is_new) {
        latest = client.latest(MOST, false).await?;
    }
    let older: Vec<_> = {
        let mut board = lock(board);
        let in_latest: BTreeSet<_> = latest.iter().map(|listed| listed.arn.clone()).collect();
        for listed in latest.into_iter().rev() {
            board.note(listed);
        }
        while board.order.len() > MOST {
            board.order.pop().and_then(|arn| board.rows.remove(&arn));
        }
        let running = board.rows().filter(|row| row.listed.ended.is_none());
        running.map(|row| row.listed.arn.clone()).filter(|arn| !in_latest.contains(arn)).collect()
    };
    if older.is_empty() {
        return Ok(());
    }
    let run: BTreeSet<_> = client.latest(MOST, true).await?.into_iter().map(|listed| listed.arn).collect();
    // One that runs no more is described anew, which says when it ended.
    for arn in older.iter().filter(|arn| !run.contains(*arn)) {
        let described = client.describe(arn).await?;
        lock(board).learn(&described);
    }
    Ok(())
}

/// Describes executions of which the listing does not say enough, the latest first.
async fn describe(board: &Mutex<Board>, client: &Client) -> Result<(), Error> {
    let stale: Vec<_> = {
        let board = lock(board);
        board.rows().filter(|row| row.is_stale()).map(|row| row.listed.arn.clone()).take(PER_LOOK).collect()
    };
    // Each future owns what it needs: the compiler cannot tell that borrowed ones may move to another thread.
    let describe = |arn: String| {
        let client = client.clone();
        async move { client.describe(&arn).await }
    };
    let mut described = stream::iter(stale).map(describe).buffered(AT_ONCE);
    while let Some(execution) = described.next().await {
        let execution = execution?;
        lock(board).learn(&execution);
    }
    Ok(())
}

/// Adds what EC2 knows of an execution that runs.
fn placed(summary: &mut Summary, instances: &[Instance], arn: &str) {
    let ours = instances.iter().filter(|instance| instance.execution == arn);
    if let Some(instance) = ours.max_by_key(|instance| instance.attempt) {
        summary.attempt = instance.attempt.map(u64::from);
        summary.instance = Some(instance.id.clone());
        summary.instance_type = Some(instance.instance_type.clone());
        summary.market = Some(instance.market.to_owned());
    }
}
