//! What happens in an account, for people who look at it: calls, invocations, events. Kept only if someone asks for it, and
//! only the latest.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::Event;
use crate::lambda::{FunctionResult, Request};
use crate::lock::lock;

/// How many of each are kept.
const KEPT: usize = 5_000;
/// How many lines of an invocation are kept.
const LINES: usize = 100;

/// A call of a function, or one of a person or an instance that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// The function; `owner` for people and instances.
    pub caller: String,
    /// The service.
    pub service: &'static str,
    /// The action, `RunInstances`.
    pub action: String,
    /// The HTTP status; none if the connection broke before an answer.
    pub status: Option<u16>,
    /// Code and message of the error that it was refused with.
    pub error: Option<(String, String)>,
    /// How long it took.
    pub took: Duration,
    /// The request id of the invocation that made it.
    pub invocation: Option<String>,
    /// What that invocation is about: the ARN of an execution, or the id of an instance.
    pub subject: Option<String>,
}

impl Call {
    /// Whether it had no answer, or a refusal.
    pub fn is_refused(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
    }
}

/// An invocation of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// When it began.
    pub at: Timestamp,
    /// The function's name.
    pub function: String,
    /// Its request id.
    pub request_id: String,
    /// The ARN of an execution, or the id of an instance.
    pub subject: Option<String>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Type and message of its error.
    pub error: Option<(String, String)>,
    /// What it printed.
    pub lines: Vec<String>,
}

/// An event on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When it was published.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
    /// The patterns of the rules that it matched, each with the number of copies that are delivered.
    pub rules: Vec<(Value, usize)>,
}

impl Happening {
    /// What it is about: the ARN of an execution, or the id of an instance.
    pub fn subject(&self) -> Option<&str> {
        subject(&[&self.event.detail["executionArn"], &self.event.detail["instance-id"]])
    }
}

/// The journal of an account. Clones share it.
#[derive(Clone, Default)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    on: AtomicBool,
    changes: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Call>,
    invocations: VecDeque<Invocation>,
    events: VecDeque<Happening>,
    /// The request id of the last invocation in each environment.
    environments: HashMap<String, String>,
}

impl State {
    fn invocation(&mut self, request_id: &str) -> Option<&mut Invocation> {
        self.invocations.iter_mut().rev().find(|invocation| invocation.request_id == request_id)
    }
}

impl Journal {
    /// Keeps what happens from now on.
    pub fn keep(&self) {
        self.shared.on.store(true, Ordering::Relaxed);
    }

    /// How often something has happened. While the number stays the same, it is not worth a look at the account.
    pub fn changes(&self) -> u64 {
        self.shared.changes.load(Ordering::Relaxed)
    }

    /// Notes that something has happened of which nothing is kept here.
    pub(crate) fn stir(&self) {
        self.shared.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// The kept calls that are `wanted`, the latest first.
    pub fn calls(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Call> {
        lock(&self.shared.state).calls.iter().rev().filter(|call| wanted(call)).cloned().collect()
    }

    /// The kept invocations that are `wanted`, the latest first.
    pub fn invocations(&self, wanted: impl Fn(&Invocation) -> bool) -> Vec<Invocation> {
        lock(&self.shared.state).invocations.iter().rev().filter(|one| wanted(one)).cloned().collect()
    }

    /// The kept events that are `wanted`, the latest first.
    pub fn events(&self, wanted: impl Fn(&Happening) -> bool) -> Vec<Happening> {
        lock(&self.shared.state).events.iter().rev().filter(|one| wanted(one)).cloned().collect()
    }

    /// The state, if it is kept.
    fn kept<T>(&self, change: impl FnOnce(&mut State) -> T) -> Option<T> {
        self.stir();
        self.shared.on.load(Ordering::Relaxed).then(|| change(&mut lock(&self.shared.state)))
    }

    /// Notes a call, which was made in `environment`.
    pub(crate) fn called(&self, mut call: Call, environment: Option<&str>) {
        self.kept(|state| {
            let request_id = environment.and_then(|environment| state.environments.get(environment)).cloned();
            call.subject = request_id.as_ref().and_then(|id| state.invocation(id)?.subject.clone());
            call.invocation = request_id;
            push(&mut state.calls, call);
        });
    }

    /// Notes the beginning of an invocation.
    pub(crate) fn invoked(&self, function: &str, request: &Request, at: Timestamp) {
        self.kept(|state| {
            let payload = &request.payload;
            let pointers = [
                "/execution/id",
                "/detail/executionArn",
                "/instance/id",
                "/state/instance/id",
                "/detail/instance-id",
            ];
            let found: Vec<_> = pointers.iter().filter_map(|pointer| payload.pointer(pointer)).collect();
            let invocation = Invocation {
                at,
                function: function.to_owned(),
                request_id: request.request_id.clone(),
                subject: subject(&found).map(str::to_owned),
                ended: None,
                error: None,
                lines: Vec::new(),
            };
            push(&mut state.invocations, invocation);
        });
    }

    /// Notes the end of an invocation.
    pub(crate) fn ended(&self, request_id: &str, result: &FunctionResult, at: Timestamp) {
        let text = |error: &Value, name: &str| error[name].as_str().unwrap_or_default().to_owned();
        self.kept(|state| {
            if let Some(invocation) = state.invocation(request_id) {
                invocation.ended = Some(at);
                let error = result.as_ref().err();
                invocation.error = error.map(|error| (text(error, "errorType"), text(error, "errorMessage")));
            }
        });
    }

    /// Notes that an invocation runs in `environment`.
    pub(crate) fn runs_in(&self, environment: &str, request_id: &str) {
        self.kept(|state| state.environments.insert(environment.to_owned(), request_id.to_owned()));
    }

    /// Notes a line that the last invocation of `environment` printed.
    pub(crate) fn printed(&self, environment: &str, line: &[u8]) {
        self.kept(|state| {
            let request_id = state.environments.get(environment).cloned();
            if let Some(invocation) = request_id.and_then(|id| state.invocation(&id))
                && invocation.lines.len() < LINES
            {
                invocation.lines.push(String::from_utf8_lossy(line).into_owned());
            }
        });
    }

    /// Notes an event.
    pub(crate) fn published(&self, event: &Event, at: Timestamp) {
        self.kept(|state| push(&mut state.events, Happening { at, event: event.clone(), rules: Vec::new() }));
    }

    /// Notes that the rule with `pattern` delivers `copies` of an event.
    pub(crate) fn matched(&self, event: &Event, pattern: &Value, copies: usize) {
        self.kept(|state| {
            if let Some(happening) = state.events.iter_mut().rev().find(|known| known.event == *event) {
                happening.rules.push((pattern.clone(), copies));
            }
        });
    }
}

fn push<T>(kept: &mut VecDeque<T>, new: T) {
    kept.push_back(new);
    if kept.len() > KEPT {
        kept.pop_front();
    }
}

fn subject<'a>(values: &[&'a Value]) -> Option<&'a str> {
    values.iter().find_map(|value| value.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn call(action: &str) -> Call {
        Call {
            at: at(1),
            caller: "EC2Poller".to_owned(),
            service: "EC2",
            action: action.to_owned(),
            status: Some(200),
            error: None,
            took: Duration::ZERO,
            invocation: None,
            subject: None,
        }
    }

    #[test]
    fn a_call_is_about_what_the_invocation_of_its_environment_is_about() {
        let journal = Journal::default();
        let request = Request {
            request_id: "r-1".to_owned(),
            function_arn: String::new(),
            payload: json!({ "execution": { "id": "arn:e" } }),
            deadline_ms: 0,
        };
        journal.called(call("Before"), None);
        assert!(journal.calls(|_| true).is_empty(), "nothing is kept unless someone asks");
        journal.keep();
        journal.invoked("EC2Poller", &request, at(1));
        journal.runs_in("EC2Poller_1", "r-1");
        journal.called(call("DescribeInstances"), Some("EC2Poller_1"));
        journal.called(call("RunInstances"), None);
        journal.printed("EC2Poller_1", b"{\"level\": \"INFO\"}");
        journal.ended("r-1", &Err(json!({ "errorType": "Throttled", "errorMessage": "slow down" })), at(2));
        let calls = journal.calls(|_| true);
        let subjects: Vec<_> = calls.iter().map(|call| call.subject.as_deref()).collect();
        assert_eq!(subjects, [None, Some("arn:e")]);
        let [invocation] = &journal.invocations(|_| true)[..] else { panic!("one invocation") };
        assert_eq!(invocation.lines.len(), 1);
        assert_eq!(invocation.error.as_ref().unwrap().0, "Throttled");
    }

    #[test]
    fn an_event_knows_the_rules_that_it_matched_and_how_often_it_is_delivered() {
        let journal = Journal::default();
        journal.keep();
        let event = Event {
            source: "aws.ec2".to_owned(),
            detail_type: "State".to_owned(),
            region: String::new(),
            resources: Vec::new(),
            detail: json!({ "instance-id": "i-1" }),
        };
        journal.published(&event, at(1));
        journal.matched(&event, &json!({ "source": ["aws.ec2"] }), 0);
        let [happening] = &journal.events(|_| true)[..] else { panic!("one event") };
        assert_eq!((happening.subject(), happening.rules[0].1), (Some("i-1"), 0));
    }

    #[test]
    fn only_the_latest_are_kept() {
        let journal = Journal::default();
        journal.keep();
        for number in 0..KEPT + 2 {
            journal.called(call(&number.to_string()), None);
        }
        let calls = journal.calls(|_| true);
        assert_eq!((calls.len(), calls[KEPT - 1].action.as_str()), (KEPT, "2"));
    }
}
