//! The streams of events of the pages: each looks at what is new, and sends the parts that have changed.

use std::sync::Arc;
use std::time::Duration;

use ec2_ops_client::Error;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::backstage::Backstage;
use crate::execution::Watched;
use crate::live::{Events, HEARTBEAT, Shown};
use crate::pages;
use crate::pages::executions::{self, Filter};
use crate::pages::single::{LINES, line_json};
use crate::reply::{self, Reply};
use crate::server::Shared;
use crate::words::in_url;

/// How often a quiet connection says that it is there.
const BEAT: Duration = Duration::from_secs(15);
/// How often what changes with time alone is drawn anew.
const REDRAW: Duration = Duration::from_millis(500);
/// How long to wait after AWS could not be asked.
const PAUSE: Duration = Duration::from_secs(2);

/// What is new of the executions after `after`, the id of an event.
pub(crate) fn board(shared: Arc<Shared>, filter: Filter, after: &str) -> Reply {
    let (boot, version) = after.rsplit_once('.').unwrap_or_default();
    // The versions of another start say nothing here.
    let seen = version.parse().ok().filter(|_| boot == shared.boot).unwrap_or(0);
    let state = BoardStream { shared, filter, seen, shown: Shown::default(), beat: Instant::now() };
    reply::events(stream::unfold(state, |mut state| async {
        let text = state.next().await;
        Some((text, state))
    }))
}

struct BoardStream {
    shared: Arc<Shared>,
    filter: Filter,
    seen: u64,
    shown: Shown,
    beat: Instant,
}

impl BoardStream {
    async fn next(&mut self) -> String {
        loop {
            if let Some(text) = self.look().await {
                self.beat = Instant::now();
                return text;
            }
            if self.beat.elapsed() >= BEAT {
                self.beat = Instant::now();
                return HEARTBEAT.to_owned();
            }
            tokio::time::sleep(self.shared.client.look_every()).await;
        }
    }

    async fn look(&mut self) -> Option<String> {
        let shared = Arc::clone(&self.shared);
        let mut board = shared.board.lock().await;
        let mut events = Events::default();
        let looked = board.refresh(&shared.client).await;
        let id = format!("{}.{}", shared.boot, board.version());
        if let Err(error) = looked {
            drop(board);
            return Some(self.trouble(&error, &id).await);
        }
        if board.version() > self.seen {
            // The oldest first: the browser puts each new one above the others.
            let mut changed: Vec<_> = board.rows().filter(|row| row.changed > self.seen).collect();
            changed.reverse();
            for row in changed {
                let html = if self.filter.shows(row) { executions::row(row).0 } else { String::new() };
                let id = executions::row_id(row);
                events.push(
                    "row",
                    &json!({ "id": id, "html": html, "at": row.listed.started.as_millisecond() }).to_string(),
                );
            }
            self.seen = board.version();
            self.shown.update(&mut events, "left", &executions::left(&board));
            self.shown.update(&mut events, "chips", &executions::chips(&board, &self.filter));
            self.shown.update(&mut events, "none", &executions::none(&board, &self.filter));
        }
        (!events.is_empty()).then(|| events.finish(&id))
    }

    /// Says that AWS could not be asked, and waits a little.
    async fn trouble(&self, error: &Error, id: &str) -> String {
        tokio::time::sleep(PAUSE).await;
        let mut events = Events::default();
        events.push("trouble", &error.to_string());
        events.finish(id)
    }
}

/// What is new in the sandbox.
pub(crate) fn sandbox(shared: Arc<Shared>, backstage: Backstage) -> Reply {
    let state = (shared, backstage, Shown::default(), Instant::now());
    reply::events(stream::unfold(state, |(shared, backstage, mut shown, mut beat)| async move {
        loop {
            let mut events = Events::default();
            shown.update(&mut events, "faults", &pages::backstage::faults(&backstage.faults, "/sandbox"));
            shown.update(&mut events, "notes", &pages::backstage::notes(&backstage.all(), true));
            let text = if events.is_empty() {
                (beat.elapsed() >= BEAT).then(|| HEARTBEAT.to_owned())
            } else {
                Some(events.finish(&shared.boot))
            };
            if let Some(text) = text {
                beat = Instant::now();
                return Some((text, (shared, backstage, shown, beat)));
            }
            tokio::time::sleep(REDRAW).await;
        }
    }))
}

/// What is new of one execution after `after`, the ids of an event of its history and of a line of its output.
pub(crate) fn execution(
    shared: Arc<Shared>,
    entry: Arc<Mutex<Watched>>,
    chosen: Option<u32>,
    after: &str,
) -> Reply {
    let (last, lines) = after.split_once('.').unwrap_or_default();
    let state = ExecutionStream {
        shared,
        entry,
        chosen,
        attempt: None,
        last: last.parse().unwrap_or(0),
        lines: lines.parse().unwrap_or(0),
        drawn: None,
        shown: Shown::default(),
        beat: Instant::now(),
        over: false,
    };
    reply::events(stream::unfold(state, |mut state| async {
        let text = state.next().await?;
        Some((text, state))
    }))
}

struct ExecutionStream {
    shared: Arc<Shared>,
    entry: Arc<Mutex<Watched>>,
    chosen: Option<u32>,
    /// The attempt whose output is sent.
    attempt: Option<u32>,
    last: i64,
    lines: usize,
    drawn: Option<Instant>,
    shown: Shown,
    beat: Instant,
    over: bool,
}

impl ExecutionStream {
    /// The next text; none after the last, when nothing changes any more.
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.over {
                return None;
            }
            if let Some(text) = self.look().await {
                self.beat = Instant::now();
                return Some(text);
            }
            if self.beat.elapsed() >= BEAT {
                self.beat = Instant::now();
                return Some(HEARTBEAT.to_owned());
            }
            tokio::time::sleep(self.shared.client.look_every()).await;
        }
    }

    async fn look(&mut self) -> Option<String> {
        let shared = Arc::clone(&self.shared);
        let entry = Arc::clone(&self.entry);
        let mut watched = entry.lock().await;
        let mut events = Events::default();
        if let Err(error) = watched.refresh(&shared.client).await {
            drop(watched);
            tokio::time::sleep(PAUSE).await;
            events.push("trouble", &error.to_string());
            return Some(events.finish(&format!("{}.{}", self.last, self.lines)));
        }
        let view = shared.view(&watched, self.chosen);
        let last = watched.story.last();
        let number = view.number();
        if self.attempt.replace(number).is_some_and(|before| before != number) {
            // Another attempt has begun: its output is another.
            self.lines = 0;
            events.push("clear", "log");
        }
        if last != self.last || self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            self.drawn = Some(Instant::now());
            self.shown.update(&mut events, "summary", &view.summary());
            self.shown.update(&mut events, "attempts", &view.tabs());
            self.shown.update(&mut events, "graph", &view.graph());
            self.shown.update(&mut events, "timeline", &view.timeline());
            self.shown.update(&mut events, "visits", &view.table());
            self.shown.update(&mut events, "things", &view.things());
            if let Some(backstage) = &shared.backstage {
                let back = format!("/executions/{}", in_url(&watched.execution.name));
                self.shown.update(&mut events, "incidents", &view.incidents());
                self.shown.update(&mut events, "faults", &pages::backstage::faults(&backstage.faults, &back));
                self.shown.update(&mut events, "notes", &view.notes());
            }
        }
        if last != self.last {
            self.last = last;
            events.push("last", &last.to_string());
        }
        let lines = view.lines();
        if lines.len() > self.lines {
            let new = &lines[self.lines.max(lines.len().saturating_sub(LINES))..];
            self.lines = lines.len();
            events.push("lines", &Value::from(new.iter().map(line_json).collect::<Vec<_>>()).to_string());
        }
        if watched.is_settled() {
            self.over = true;
            events.push("end", "");
        }
        (!events.is_empty()).then(|| events.finish(&format!("{}.{}", self.last, self.lines)))
    }
}
