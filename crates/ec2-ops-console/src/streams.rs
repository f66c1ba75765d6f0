//! The streams of events of the pages: each looks at what is new, and sends the parts that have changed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops_client::Error;
use ec2_ops_sandbox::lock;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::backstage::Backstage;
use crate::board;
use crate::execution::{self, Watched};
use crate::live::{Events, HEARTBEAT, Shown};
use crate::pages;
use crate::pages::executions::{self, Filter};
use crate::pages::single::{LINES, View, line_json};
use crate::reply::{self, Reply};
use crate::server::Shared;

/// How often the page is compared with what is known.
const TICK: Duration = Duration::from_millis(15);
/// How often a quiet connection says that it is there.
const BEAT: Duration = Duration::from_secs(15);
/// How often what changes with time alone is drawn anew.
const REDRAW: Duration = Duration::from_millis(500);
/// How long to wait after AWS could not be asked.
const PAUSE: Duration = Duration::from_secs(2);

/// A look at what is new, in a task of its own: it comes to its end also if the browser goes away, and what it has found so
/// far is shown meanwhile.
#[derive(Default)]
struct Look(Option<JoinHandle<Result<(), Error>>>);

impl Look {
    /// Begins `look`, unless one is under way. Returns the error of the one before.
    async fn begin(
        &mut self,
        look: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Result<(), Error> {
        if self.0.as_ref().is_some_and(|look| !look.is_finished()) {
            return Ok(());
        }
        let before = self.0.replace(tokio::spawn(look));
        match before {
            // A panic is shown by the next look.
            Some(before) => before.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

/// What is new of the executions after `after`, the id of an event.
pub(crate) fn board(shared: Arc<Shared>, filter: Filter, after: &str) -> Reply {
    let (boot, version) = after.rsplit_once('.').unwrap_or_default();
    // The versions of another start say nothing here.
    let seen = version.parse().ok().filter(|_| boot == shared.boot).unwrap_or(0);
    let state = BoardStream {
        reading: Look::default(),
        shared,
        filter,
        seen,
        shown: Shown::default(),
        beat: Instant::now(),
    };
    reply::events(stream::unfold(state, |mut state| async {
        let text = state.next().await;
        Some((text, state))
    }))
}

struct BoardStream {
    reading: Look,
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
            tokio::time::sleep(TICK).await;
        }
    }

    async fn look(&mut self) -> Option<String> {
        let shared = Arc::clone(&self.shared);
        let look = board::refresh(Arc::clone(&shared.board), shared.client.clone(), shared.rhythm());
        if let Err(error) = self.reading.begin(look).await {
            tokio::time::sleep(PAUSE).await;
            let mut events = Events::default();
            events.push("trouble", &error.to_string());
            return Some(events.finish(&format!("{}.{}", shared.boot, self.seen)));
        }
        let board = lock(&shared.board);
        let mut events = Events::default();
        let id = format!("{}.{}", shared.boot, board.version());
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
        reading: Look::default(),
        shared,
        entry,
        chosen,
        attempt: None,
        last: last.parse().unwrap_or(0),
        lines: lines.parse().unwrap_or(0),
        redraw: Instant::now(),
        rest: Instant::now(),
        shown: Shown::default(),
        beat: Instant::now(),
        complete: false,
        over: false,
    };
    reply::events(stream::unfold(state, |mut state| async {
        let text = state.next().await?;
        Some((text, state))
    }))
}

struct ExecutionStream {
    reading: Look,
    shared: Arc<Shared>,
    entry: Arc<Mutex<Watched>>,
    chosen: Option<u32>,
    /// The attempt whose output is sent.
    attempt: Option<u32>,
    last: i64,
    lines: usize,
    /// When to draw anew without news, and not before when even with news.
    redraw: Instant,
    rest: Instant,
    shown: Shown,
    beat: Instant,
    /// Whether everything was drawn after the last change.
    complete: bool,
    over: bool,
}

impl ExecutionStream {
    /// Sends the parts of the page that have changed; without `all`, those that are looked at for news.
    fn draw(&mut self, events: &mut Events, view: &View<'_>, all: bool) {
        self.shown.update(events, "summary", &view.summary());
        self.shown.update(events, "attempts", &view.tabs());
        self.shown.update(events, "graph", &view.graph());
        self.shown.update(events, "timeline", &view.timeline());
        self.shown.update(events, "visits", &view.table());
        self.shown.update(events, "things", &view.things());
        // What is long and changes with everything is drawn less often.
        if let Some(backstage) = view.backstage.filter(|_| all) {
            self.shown.update(events, "incidents", &view.incidents());
            self.shown.update(events, "faults", &pages::backstage::faults(&backstage.faults, &view.url()));
            self.shown.update(events, "notes", &view.notes());
        }
    }

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
            tokio::time::sleep(TICK).await;
        }
    }

    async fn look(&mut self) -> Option<String> {
        let shared = Arc::clone(&self.shared);
        let entry = Arc::clone(&self.entry);
        let mut events = Events::default();
        let look =
            execution::refresh(Arc::clone(&entry), shared.client.clone(), self.chosen, shared.rhythm());
        if let Err(error) = self.reading.begin(look).await {
            tokio::time::sleep(PAUSE).await;
            events.push("trouble", &error.to_string());
            return Some(events.finish(&format!("{}.{}", self.last, self.lines)));
        }
        let watched = lock(&entry);
        let view = shared.view(&watched, self.chosen);
        let last = watched.story.last();
        let number = view.number();
        if self.attempt.replace(number).is_some_and(|before| before != number) {
            // Another attempt has begun: its output is another.
            self.lines = 0;
            events.push("clear", "log");
        }
        let began = Instant::now();
        if began >= self.redraw || (last != self.last && began >= self.rest) {
            self.draw(&mut events, &view, began >= self.redraw);
            if last != self.last {
                self.last = last;
                events.push("last", &last.to_string());
            }
            // A long history takes longer to draw, and is drawn less often.
            let took = began.elapsed();
            self.rest = Instant::now() + took * 4;
            if began >= self.redraw {
                self.complete = watched.is_settled();
                self.redraw = Instant::now() + REDRAW.max(took * 10);
            }
        }
        let lines = view.lines();
        if lines.len() > self.lines {
            let new = &lines[self.lines.max(lines.len().saturating_sub(LINES))..];
            self.lines = lines.len();
            events.push("lines", &Value::from(new.iter().map(line_json).collect::<Vec<_>>()).to_string());
        }
        if watched.is_settled() && self.complete {
            self.over = true;
            events.push("end", "");
        }
        (!events.is_empty()).then(|| events.finish(&format!("{}.{}", self.last, self.lines)))
    }
}
