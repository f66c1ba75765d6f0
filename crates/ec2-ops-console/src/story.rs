//! One execution as its history tells it: every stay in a state, and every try of its task.

use ec2_ops_client::{Attempt, Event, Timeline, Waiting, What};
use jiff::Timestamp;
use serde_json::Value;

/// What an execution has done so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    events: Vec<Event>,
    visits: Vec<Visit>,
    timeline: Timeline,
    attempt: u32,
    ended: Option<Timestamp>,
}

/// One stay in a state.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The state's name and type.
    pub(crate) state: String,
    pub(crate) kind: String,
    /// The attempt, counted from 1.
    pub(crate) attempt: u32,
    /// The id of the event of its beginning, and of its end.
    pub(crate) first: i64,
    pub(crate) last: Option<i64>,
    pub(crate) entered: Timestamp,
    pub(crate) left: Option<Timestamp>,
    pub(crate) tries: Vec<Try>,
    /// Whether the execution ended in it.
    pub(crate) open_at_end: bool,
}

/// One try of a task.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    pub(crate) began: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    /// The name of its error, and what that says to people.
    pub(crate) error: Option<(String, String)>,
    /// How long it may take, in seconds.
    pub(crate) limit: Option<i64>,
}

/// How a state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    NotReached,
    Running,
    /// Between two tries.
    Waiting,
    Done,
    /// Its error led to another state.
    Caught,
    Failed,
}

impl Standing {
    /// A word, which is also the name of its class.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotReached => "not reached",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Caught => "caught",
            Self::Failed => "failed",
        }
    }

    /// A sign, for whom colours say nothing.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::NotReached => "",
            Self::Running => "▶",
            Self::Waiting => "◔",
            Self::Done => "✓",
            Self::Caught => "↷",
            Self::Failed => "✕",
        }
    }

    pub(crate) fn class(self) -> &'static str {
        if self == Self::NotReached { "unreached" } else { self.word() }
    }
}

impl Visit {
    pub(crate) fn standing(&self) -> Standing {
        let failed = self.tries.last().is_some_and(|last| last.error.is_some());
        match (self.left.is_some(), self.open_at_end) {
            (true, _) if failed => Standing::Caught,
            (true, _) => Standing::Done,
            (false, true) => Standing::Failed,
            (false, false) if failed || self.kind == "Wait" => Standing::Waiting,
            (false, false) => Standing::Running,
        }
    }

    /// The error of the last try, if that failed.
    pub(crate) fn error(&self) -> Option<&(String, String)> {
        self.tries.last().and_then(|last| last.error.as_ref())
    }
}

impl Story {
    /// Takes in what happened next.
    pub(crate) fn extend(&mut self, events: Vec<Event>) {
        self.timeline.extend(&events);
        for event in events {
            self.take(&event);
            self.events.push(event);
        }
    }

    pub(crate) fn visits(&self) -> &[Visit] {
        &self.visits
    }

    pub(crate) fn visit(&self, first: i64) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.first == first)
    }

    pub(crate) fn attempts(&self) -> &[Attempt] {
        self.timeline.attempts()
    }

    /// The attempt with that number, or the last one.
    pub(crate) fn attempt(&self, number: Option<u32>) -> Option<&Attempt> {
        let attempts = self.attempts();
        number.and_then(|number| attempts.iter().find(|attempt| attempt.number == number)).or(attempts.last())
    }

    pub(crate) fn waiting(&self) -> Option<Waiting> {
        self.timeline.waiting()
    }

    /// When the execution ended.
    pub(crate) fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    /// The id of the last event.
    pub(crate) fn last(&self) -> i64 {
        self.events.last().map_or(0, |event| event.id)
    }

    /// The events of ids beyond `after`, and not beyond `until`.
    pub(crate) fn events(&self, after: i64, until: i64) -> &[Event] {
        let index = |id: i64| self.events.partition_point(|event| event.id <= id);
        let (from, to) = (index(after), index(until));
        &self.events[from..to.max(from)]
    }

    /// Input and output of a stay.
    pub(crate) fn payloads(&self, visit: &Visit) -> (&Value, Option<&Value>) {
        let event = |id: i64| self.events(id - 1, id).first().map(|event| &event.what);
        let input = match event(visit.first) {
            Some(What::Entered { input, .. }) => input,
            _ => &Value::Null,
        };
        let output = match visit.last.and_then(event) {
            Some(What::Exited { output, .. }) => Some(output),
            _ => None,
        };
        (input, output)
    }

    fn take(&mut self, event: &Event) {
        match &event.what {
            What::Entered { state, kind, input } => {
                let number = input["attempt"]["number"].as_u64().and_then(|number| number.try_into().ok());
                self.attempt = number.unwrap_or(self.attempt.max(1));
                self.visits.push(Visit {
                    state: state.clone(),
                    kind: kind.clone(),
                    attempt: self.attempt,
                    first: event.id,
                    last: None,
                    entered: event.at,
                    left: None,
                    tries: Vec::new(),
                    open_at_end: false,
                });
            }
            What::Exited { .. } => self.change(|visit| {
                visit.left = Some(event.at);
                visit.last = Some(event.id);
            }),
            What::Tried => {
                let limit = event.details.iter().find(|(name, _)| *name == "timeout_in_seconds");
                let limit = limit.and_then(|(_, seconds)| seconds.parse().ok());
                self.change(|visit| {
                    visit.tries.push(Try { began: event.at, ended: None, error: None, limit });
                });
            }
            What::Failed { error, message } => self.end_try(event.at, Some((error.clone(), message.clone()))),
            What::TimedOut => {
                self.end_try(event.at, Some(("States.Timeout".to_owned(), "no news in time".to_owned())));
            }
            What::Succeeded => self.end_try(event.at, None),
            What::Ended => {
                self.ended = Some(event.at);
                self.change(|visit| visit.open_at_end = true);
            }
            What::Other => {}
        }
    }

    fn change(&mut self, how: impl FnOnce(&mut Visit)) {
        if let Some(visit) = self.visits.last_mut().filter(|visit| visit.left.is_none()) {
            how(visit);
        }
    }

    fn end_try(&mut self, at: Timestamp, error: Option<(String, String)>) {
        self.change(|visit| {
            if let Some(last) = visit.tries.last_mut() {
                last.ended = Some(at);
                last.error = error;
            }
        });
    }
}

/// When the state machine looks again: after a failed try the end of its back-off, during a try the end of its limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NextLook {
    pub(crate) at: Timestamp,
    /// Whether it may be earlier.
    pub(crate) at_the_latest: bool,
}

impl NextLook {
    /// The next look of `visit`, as `definition` has it. Step Functions does not report it.
    pub(crate) fn of(visit: &Visit, definition: &Value) -> Option<Self> {
        let last = visit.tries.last().filter(|_| visit.left.is_none() && !visit.open_at_end)?;
        let Some((error, _)) = &last.error else {
            // Only a task that waits for its token is worth it: every other try ends by itself.
            let waits =
                definition["States"][&visit.state]["Resource"].as_str()?.ends_with(".waitForTaskToken");
            let limit = last.limit.filter(|_| waits)?;
            return Some(Self {
                at: last.began + jiff::SignedDuration::from_secs(limit),
                at_the_latest: true,
            });
        };
        let retriers = definition["States"][&visit.state]["Retry"].as_array()?;
        let of = |error: &str| retriers.iter().position(|retrier| retries(retrier, error));
        let index = of(error)?;
        let before = visit.tries.iter().filter_map(|one| one.error.as_ref());
        let before = before.filter(|(name, _)| of(name) == Some(index)).count().saturating_sub(1);
        let retrier = &retriers[index];
        let number = |name: &str, default: f64| retrier[name].as_f64().unwrap_or(default);
        let back_off = number("IntervalSeconds", 1.0)
            * number("BackoffRate", 2.0).powi(i32::try_from(before).unwrap_or(i32::MAX));
        let seconds = back_off.min(number("MaxDelaySeconds", f64::INFINITY)).min(31_622_400.0);
        let wait = jiff::SignedDuration::from_secs_f64(seconds);
        Some(Self { at: last.ended? + wait, at_the_latest: retrier["JitterStrategy"] == "FULL" })
    }
}

/// Whether `retrier` is for `error`. See <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
fn retries(retrier: &Value, error: &str) -> bool {
    let names = retrier["ErrorEquals"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let all = |name: &str| match name {
        "States.ALL" => true,
        "States.TaskFailed" => error != "States.Timeout",
        name => name == error,
    };
    names.into_iter().any(all)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + seconds).unwrap()
    }

    pub(crate) fn story(events: Vec<(i64, What)>) -> Story {
        let mut story = Story::default();
        let event = |(id, (seconds, what))| Event {
            id,
            at: at(seconds),
            kind: String::new(),
            what,
            details: Vec::new(),
        };
        story.extend((1..).zip(events).map(event).collect());
        story
    }

    pub(crate) fn entered(state: &str) -> What {
        What::Entered {
            state: state.to_owned(),
            kind: "Task".to_owned(),
            input: json!({ "attempt": { "number": 1 } }),
        }
    }

    pub(crate) fn exited(state: &str) -> What {
        What::Exited { state: state.to_owned(), output: json!({ "attempt": { "number": 1 } }) }
    }

    pub(crate) fn failed(error: &str) -> What {
        What::Failed { error: error.to_owned(), message: "why".to_owned() }
    }

    #[test]
    fn a_stay_is_done_caught_waiting_or_failed() {
        let story = story(vec![
            (0, entered("A")),
            (0, What::Tried),
            (1, What::Succeeded),
            (1, exited("A")),
            (1, entered("B")),
            (1, What::Tried),
            (2, failed("X")),
            (2, exited("B")),
            (2, entered("C")),
            (2, What::Tried),
            (3, failed("X")),
        ]);
        let standings: Vec<_> = story.visits().iter().map(Visit::standing).collect();
        assert_eq!(standings, [Standing::Done, Standing::Caught, Standing::Waiting]);
        let mut story = story;
        let end = Event { id: 12, at: at(4), kind: String::new(), what: What::Ended, details: Vec::new() };
        story.extend(vec![end]);
        assert_eq!(story.visits()[2].standing(), Standing::Failed);
        assert_eq!(story.ended(), Some(at(4)));
    }

    #[test]
    fn the_next_look_follows_from_the_retrier_of_the_error() {
        let definition = json!({ "States": { "C": { "Resource": "x", "Retry": [
            { "ErrorEquals": ["X"], "IntervalSeconds": 1, "BackoffRate": 12.0, "MaxDelaySeconds": 12, "JitterStrategy": "NONE" },
            { "ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "JitterStrategy": "FULL" },
        ] } } });
        let tries = |errors: &[&str]| {
            let mut events = vec![(0, entered("C"))];
            for error in errors {
                events.extend([(0, What::Tried), (1, failed(error))]);
            }
            let story = story(events);
            NextLook::of(&story.visits()[0], &definition).unwrap()
        };
        assert_eq!(tries(&["X"]), NextLook { at: at(2), at_the_latest: false });
        assert_eq!(tries(&["Y", "X", "X"]), NextLook { at: at(13), at_the_latest: false });
        assert_eq!(tries(&["Y", "X", "Y"]), NextLook { at: at(5), at_the_latest: true });
    }
}
