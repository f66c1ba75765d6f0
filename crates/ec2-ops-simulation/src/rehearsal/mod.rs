//! A rehearsal: one execution in virtual time in which nothing goes wrong, with a record of everything that it did.
//!
//! It shows what an execution costs, as [`simulate`](mod@crate::simulate) shows whether the promises hold.

mod guests;
mod invocation;
mod starts;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops_asl::Ending;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use crate::harness::{Machines, World, executions, virtual_time};
use ec2_ops_sandbox::deployment::{Names, Template};
use ec2_ops_sandbox::lambda::{Request, Runtime};
use ec2_ops_sandbox::{Account, AccountConfig, AwsError, Event, lock};
use guests::SteadyGuests;
use invocation::Recorded;
pub use starts::{Starts, starts};

/// The bucket in which the document may promise an object.
pub const BUCKET: &str = "rehearsal-output";
/// The object that appears in [`BUCKET`] while the commands run.
pub const KEY: &str = "output";

/// What to rehearse.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The execution document.
    pub document: Value,
    /// From `running` to an agent that is online.
    pub boots_for: Duration,
    /// How long its commands run.
    pub runs_for: Duration,
    /// From an event to the function that its rule invokes. `None`: every event is lost.
    pub event_delivery: Option<Duration>,
    /// From each call of a function to its answer.
    pub call: Duration,
}

/// What an execution did.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Every invocation of a function, in order.
    pub invocations: Vec<Invoked>,
    /// Every call of a function, in order.
    pub calls: Vec<Called>,
    /// The execution's history.
    pub history: Vec<ec2_ops_asl::Event>,
    /// When the agent came online.
    pub agent_online: Option<Timestamp>,
    /// When the commands ended.
    pub commands_ended: Option<Timestamp>,
    /// The execution's output.
    pub output: Value,
}

/// An invocation of a function.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// The function's name.
    pub function: &'static str,
    /// What invoked it.
    pub by: Invoker,
    /// How long it ran, without any initialisation.
    pub took: Duration,
}

/// What invokes functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invoker {
    /// A task of the state machine.
    StepFunctions,
    /// A rule that matched an event.
    EventBridge,
    /// The sweeper's schedule, which goes on even if nothing runs.
    Schedule,
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct Called {
    /// When it had its effect.
    pub at: Timestamp,
    /// The API action.
    pub action: &'static str,
    /// The function that made it.
    pub function: &'static str,
    /// What had invoked the function.
    pub by: Invoker,
}

impl Record {
    /// From the end of the commands to the effect of the first `action` after it; `None` if there was none.
    pub fn dead_time(&self, action: &str) -> Option<Duration> {
        self.first_after(self.commands_ended?, action)
    }

    /// From the agent's coming online to the effect of SendCommand.
    pub fn dead_time_at_start(&self) -> Option<Duration> {
        self.first_after(self.agent_online?, "SendCommand")
    }

    fn first_after(&self, since: Timestamp, action: &str) -> Option<Duration> {
        let call = self.calls.iter().find(|call| call.action == action && call.at >= since)?;
        call.at.duration_since(since).try_into().ok()
    }
}

/// Carries out `plan` in virtual time. The same plan gives the same record.
///
/// # Errors
/// If the execution did not end in its time or did not succeed, or the account refused something.
pub fn rehearse(plan: &Plan) -> Result<Record, String> {
    virtual_time::run(carry_out(plan))
}

/// How often the execution is looked at until it has ended, and how long the record goes on after its end: the events of an
/// instance that ends still invoke a function.
const LOOK: Duration = Duration::from_mins(1);
/// How long an execution may take beyond its commands.
const OVERHEAD: Duration = Duration::from_hours(3);

async fn carry_out(plan: &Plan) -> Result<Record, String> {
    let machines = Machines::new(SteadyGuests { boots_for: plan.boots_for, runs_for: plan.runs_for });
    let names = Names { additional_regions: Vec::new(), ..Names::default() };
    let world = World::new(AccountConfig::default(), machines, names);
    let account = &world.account;
    let record = Arc::new(Mutex::new(Record::default()));
    let text = |error: AwsError| error.to_string();
    let state_machine = deploy(plan, &world, &record).map_err(text)?;
    let name = Some("rehearsal".to_owned());
    let arn = executions::start(account, &state_machine, name, &plan.document).map_err(text)?;
    let ending = timeout(plan.runs_for + OVERHEAD, executions::end_of(account, &arn, LOOK)).await;
    tokio::time::sleep(LOOK).await;
    let ending = ending.map_err(|_| "the execution did not end".to_owned())?.map_err(text)?;
    let Ending::Succeeded { .. } = &ending else {
        return Err(format!("the execution did not succeed: {ending:?}"));
    };
    let mut record = std::mem::take(&mut *lock(&record));
    record.history = account.stepfunctions.execution(&arn).map_err(text)?.history().events();
    record.output = executions::outcome(&ending);
    Ok(record)
}

fn deploy(plan: &Plan, world: &World<SteadyGuests>, record: &Arc<Mutex<Record>>) -> Result<String, AwsError> {
    let (events, delivery) = (&world.account.platform.events, plan.event_delivery);
    events.deliver_by(move |_| delivery.into_iter().collect());
    watch_commands(&world.account, record);
    watch_boot(&world.account, plan.boots_for, record);
    world.deploy(BUCKET, &Template::default(), |name| -> Arc<dyn Runtime> {
        let (clock, call, record) = (world.account.platform.clock, plan.call, Arc::clone(record));
        let begin = move |name, request: &Request| Recorded::begin(name, request, clock, call, &record);
        Arc::new(world.function(name, begin))
    })
}

/// Lets the commands write their output as they begin, and records when they end.
fn watch_commands(account: &Account, record: &Arc<Mutex<Record>>) {
    let (s3, clock, record) = (Arc::clone(&account.s3), account.platform.clock, Arc::clone(record));
    account.platform.events.subscribe(move |event: &Event| match command_status(event) {
        // The bucket is there from the start.
        Some("InProgress") => drop(s3.put_object(BUCKET, KEY, "output")),
        Some("Success") => lock(&record).commands_ended = Some(clock.now()),
        _ => {}
    });
}

/// Records when the agent comes online.
fn watch_boot(account: &Account, boots_for: Duration, record: &Arc<Mutex<Record>>) {
    let (clock, record) = (account.platform.clock, Arc::clone(record));
    account.platform.events.subscribe(move |event: &Event| {
        if event.source == "aws.ec2" && event.detail["state"] == "running" {
            lock(&record).agent_online = Some(clock.now() + boots_for);
        }
    });
}

fn command_status(event: &Event) -> Option<&str> {
    event.detail["status"].as_str().filter(|_| event.source == "aws.ssm")
}

#[cfg(test)]
mod tests;
