//! Three ways to wait for a command: that of ec2-ops, and two alternatives. Computes the usage of each for a command of any
//! length.
//!
//! Ours is rehearsed from the deployed definition. Of an alternative only the wait is modelled, by a definition of its own
//! that the same interpreter runs in virtual time. Everything before and after the wait is the same as in ours.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops_asl::{
    Details, Ending, Environment, Event, Execution, Failure, Identity, Invocation, StateMachine, StateType,
    TaskTokens,
};
use ec2_ops_simulation::rehearsal::{self, Invoker, Plan, Record, rehearse};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// The assumed duration of an AWS call in a Lambda: in the same region some tens of milliseconds.
pub(crate) const CALL: Duration = Duration::from_millis(50);
/// The assumed time from an event to the target of its rule. Only the dead time depends on it.
pub(crate) const EVENT_DELIVERY: Duration = Duration::from_millis(250);
/// From `running` to an agent that is online, about as long as a small Linux instance takes.
const BOOT: Duration = Duration::from_secs(20);
/// The duration of the blocking Lambda, and its poll interval.
const BLOCK: Duration = Duration::from_secs(800);
const BLOCKED_POLL: Duration = Duration::from_secs(5);
/// The function whose task is the wait in ours.
const WAITING: &str = "EC2Poller";

/// A way to wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Design {
    /// A callback that an event completes, with a slow poll in case the event is lost.
    Ours,
    /// A Lambda that polls every 5 s for up to 800 s, and is retried.
    BlockingLambda,
    /// A loop: a Wait of 15 s, a Lambda that polls, a Choice.
    WaitLoop,
}

impl Design {
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::BlockingLambda, Self::WaitLoop];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ec2-ops",
            Self::BlockingLambda => "a Lambda that blocks, polling every 5 s",
            Self::WaitLoop => "a Wait/poll loop of 15 s",
        }
    }

    /// Its usage for a command of `length`.
    pub(crate) fn usage(self, length: Duration) -> Result<Usage, Unusable> {
        let rehearsed = rehearse(&plan(length))?;
        if self == Self::Ours {
            return Ok(Usage::of_everything(&rehearsed));
        }
        let mut usage = Usage::without_waiting(&rehearsed);
        usage.add(wait(self, length)?);
        Ok(usage)
    }
}

/// Why the usage is unknown.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// The history was full this long after the wait began.
    HistoryFull(Duration),
    /// The benchmark itself failed.
    Broken(String),
}

impl From<String> for Unusable {
    fn from(why: String) -> Self {
        Self::Broken(why)
    }
}

impl From<Unusable> for String {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::HistoryFull(after) => format!("the history is full after {after:?}"),
            Unusable::Broken(why) => why,
        }
    }
}

/// An execution of ours whose commands run for `length`. Its output is checked, its instance terminated. Its limit is a
/// minute longer than `length`, but at least the default hour, and at most what SSM allows.
pub(crate) fn plan(length: Duration) -> Plan {
    let document = json!({
        "commands": ["./run"],
        "bucket": rehearsal::BUCKET,
        "obj_key": rehearsal::KEY,
        "run_options": {
            "ii_terminate_instance": true,
            "timeout_s": (length.as_secs() + 60).clamp(3_600, 172_800),
        },
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
    });
    Plan { document, boots_for: BOOT, runs_for: length, event_delivery: Some(EVENT_DELIVERY), call: CALL }
}

/// The calls, invocations and transitions of an execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// The API calls of its functions, by action.
    pub(crate) calls: BTreeMap<&'static str, u64>,
    /// The invocations of its functions, by Step Functions and by EventBridge.
    pub(crate) invocations: BTreeMap<Invoker, u64>,
    /// The duration of each invocation, without initialisation.
    pub(crate) ran: Vec<Duration>,
    /// State transitions, retries included.
    pub(crate) transitions: u64,
    /// Events in its history.
    pub(crate) events: u64,
    /// The calls of the sweeper during the execution, which belong to the deployment.
    pub(crate) sweeps: BTreeMap<&'static str, u64>,
}

impl Usage {
    fn of_everything(record: &Record) -> Self {
        // Every arrow of the path is a transition, also the arrow to the end.
        Self { transitions: transitions(&record.history) + 1, ..Self::of(record, |_| true, &record.history) }
    }

    fn without_waiting(record: &Record) -> Self {
        let (mut waits, mut rest) = (false, Vec::new());
        for event in &record.history {
            waits |= enters(event, WAITING);
            rest.extend((!waits).then(|| event.clone()));
            waits &= !exits(event, WAITING);
        }
        Self {
            transitions: transitions(&rest) + 1,
            ..Self::of(record, |function| function != WAITING, &rest)
        }
    }

    fn of(record: &Record, functions: impl Fn(&str) -> bool, history: &[Event]) -> Self {
        let mut usage = Self { events: history.len() as u64, ..Self::default() };
        for call in record.calls.iter().filter(|call| functions(call.function)) {
            let counted = if call.by == Invoker::Schedule { &mut usage.sweeps } else { &mut usage.calls };
            *counted.entry(call.action).or_default() += 1;
        }
        let own = |by: Invoker| by != Invoker::Schedule;
        for invoked in record.invocations.iter().filter(|it| own(it.by) && functions(it.function)) {
            *usage.invocations.entry(invoked.by).or_default() += 1;
            usage.ran.push(invoked.took);
        }
        usage
    }

    fn add(&mut self, wait: Self) {
        wait.calls.into_iter().for_each(|(action, count)| *self.calls.entry(action).or_default() += count);
        wait.invocations
            .into_iter()
            .for_each(|(by, count)| *self.invocations.entry(by).or_default() += count);
        self.ran.extend(wait.ran);
        self.transitions += wait.transitions;
        self.events += wait.events;
    }

    /// The API calls of its functions.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.values().sum()
    }
}

/// The entries of states, and the retries.
fn transitions(history: &[Event]) -> u64 {
    let count =
        |what: fn(&Details) -> bool| history.iter().filter(|event| what(&event.details)).count() as u64;
    let entered = count(|details| matches!(details, Details::StateEntered { .. }));
    let tasks = count(|details| matches!(details, Details::StateEntered { state_type: StateType::Task, .. }));
    let tries = count(|details| matches!(details, Details::TaskScheduled { .. }));
    entered + tries - tasks
}

fn enters(event: &Event, state: &str) -> bool {
    matches!(&event.details, Details::StateEntered { name, .. } if &**name == state)
}

fn exits(event: &Event, state: &str) -> bool {
    matches!(&event.details, Details::StateExited { name, .. } if &**name == state)
}

fn definition(design: Design) -> Value {
    let poll = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": "poll" },
        "TimeoutSeconds": 900,
    });
    let with = |mut state: Value, fields: Value| {
        if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
            state.extend(fields);
        }
        state
    };
    if design == Design::WaitLoop {
        let done = json!([{ "Variable": "$.Payload", "BooleanEquals": true, "Next": "Done" }]);
        json!({ "StartAt": "Wait", "States": {
            "Wait": { "Type": "Wait", "Seconds": 15, "Next": "Poll" },
            "Poll": with(poll, json!({ "Next": "Decide" })),
            "Decide": { "Type": "Choice", "Choices": done, "Default": "Wait" },
            "Done": { "Type": "Succeed" },
        } })
    } else {
        let again = json!([{ "ErrorEquals": ["StillRunning"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 1000 }]);
        json!({ "StartAt": "Poll", "States": {
            "Poll": with(poll, json!({ "Retry": again, "Next": "Done" })),
            "Done": { "Type": "Succeed" },
        } })
    }
}

/// The usage of the wait alone.
fn wait(design: Design, length: Duration) -> Result<Usage, Unusable> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let machine =
        StateMachine::parse(&definition(design).to_string()).map_err(|problems| problems.to_string())?;
    runtime.block_on(async {
        let now = Instant::now();
        let poller = Poller { design, began: now, ends: now + length, seen: Arc::default() };
        let arn = "arn:aws:states:us-east-1:000000000000:execution:wait:wait";
        let identity = Identity {
            arn: arn.into(),
            name: "wait".into(),
            role_arn: "arn:aws:iam::000000000000:role/wait".into(),
            state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:wait".into(),
            state_machine_name: "wait".into(),
        };
        let execution = Execution::new(identity, Value::Null, poller.now());
        let ending = execution.run(&machine, &poller, &TaskTokens::default()).await;
        if !matches!(ending, Ending::Succeeded { .. }) {
            return Err(Unusable::HistoryFull(poller.began.elapsed()));
        }
        // The usage of ours already has the start, the end and the states after the wait.
        let mut history = execution.history().events();
        history.retain(|event| !is_frame(&event.details));
        let mut usage = poller.seen.lock().map_err(|error| error.to_string())?.clone();
        (usage.events, usage.transitions) = (history.len() as u64, transitions(&history));
        Ok(usage)
    })
}

fn is_frame(details: &Details) -> bool {
    matches!(
        details,
        Details::ExecutionStarted { .. }
            | Details::ExecutionEnded(_)
            | Details::StateEntered { state_type: StateType::Succeed, .. }
            | Details::StateExited { state_type: StateType::Succeed, .. }
    )
}

/// The function of an alternative.
struct Poller {
    design: Design,
    began: Instant,
    ends: Instant,
    seen: Arc<Mutex<Usage>>,
}

impl Poller {
    fn count(&self, what: impl FnOnce(&mut Usage)) {
        if let Ok(mut seen) = self.seen.lock() {
            what(&mut seen);
        }
    }

    async fn look(&self) -> bool {
        sleep(CALL).await;
        self.count(|seen| *seen.calls.entry("GetCommandInvocation").or_default() += 1);
        Instant::now() >= self.ends
    }

    async fn poll(&self) -> Result<Value, Failure> {
        if self.design == Design::WaitLoop {
            return Ok(json!(self.look().await));
        }
        let began = Instant::now();
        while !self.look().await {
            if began.elapsed() + BLOCKED_POLL > BLOCK {
                return Err(Failure { error: Some("StillRunning".into()), cause: None });
            }
            sleep(BLOCKED_POLL).await;
        }
        Ok(json!(true))
    }
}

impl Environment for Poller {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.began.elapsed()
    }

    async fn invoke(&self, _: Invocation) -> Result<Value, Failure> {
        let began = Instant::now();
        let answer = self.poll().await;
        self.count(|seen| {
            *seen.invocations.entry(Invoker::StepFunctions).or_default() += 1;
            seen.ran.push(began.elapsed());
        });
        answer
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}
