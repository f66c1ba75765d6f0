//! A rehearsal: one execution in virtual time in which nothing goes wrong, with all that it did written down.
//!
//! The real definition and the real steps, on the model's ports. The [`simulation`](crate::simulation) asks whether
//! the promises hold; a rehearsal asks what an execution costs while they do.

mod functions;
mod machines;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops_asl::Execution;
use jiff::Timestamp;
use serde_json::Value;

use crate::virtual_time::{self, EPOCH};
use ec2_ops_sandbox::deployment::{Function, Names, Template, deploy};
use ec2_ops_sandbox::lambda::Runtime;
use ec2_ops_sandbox::lock;
use ec2_ops_sandbox::stepfunctions::api::StartExecutionRequest;
use ec2_ops_sandbox::{Account, AccountConfig, AwsError, Event};
use functions::Observed;
use machines::OneScript;

/// The bucket that the document may promise an object in.
pub const BUCKET: &str = "rehearsal-output";
/// The object that appears in [`BUCKET`] while the commands run.
pub const KEY: &str = "output";

/// What to rehearse.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The execution document.
    pub document: Value,
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
    /// Who invoked it.
    pub by: Invoker,
    /// How long it ran, without any initialisation.
    pub took: Duration,
}

/// Who invokes functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invoker {
    /// A task of the state machine.
    StepFunctions,
    /// A rule that matched an event.
    EventBridge,
    /// The sweeper's schedule, which goes on whether or not something runs.
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
    /// Who had invoked that.
    pub by: Invoker,
}

impl Record {
    /// From the end of the commands to the effect of the first `action` after it; `None` if there was none.
    pub fn dead_time(&self, action: &str) -> Option<Duration> {
        let ended = self.commands_ended?;
        let call = self.calls.iter().find(|call| call.action == action && call.at >= ended)?;
        call.at.duration_since(ended).try_into().ok()
    }
}

/// Lives `plan` in virtual time. The same plan gives the same record.
///
/// # Errors
/// If the execution did not end in the time that it may take, or the model refused something.
pub fn rehearse(plan: &Plan) -> Result<Record, String> {
    virtual_time::live(live(plan))
}

/// How often it is looked whether the execution has ended, and how long what follows its end is waited for: the events of
/// an instance that is going still invoke a function.
const LOOK: Duration = Duration::from_mins(1);
/// What an execution may take beyond its commands.
const OVERHEAD: Duration = Duration::from_hours(3);

async fn live(plan: &Plan) -> Result<Record, String> {
    let (machines, events) = OneScript::new(plan.runs_for);
    let account = Account::new(EPOCH, AccountConfig::default(), machines, events);
    let record = Arc::new(Mutex::new(Record::default()));
    let lived = execute(plan, &account, &record).await;
    account.dissolve();
    let (execution, output) = lived?;
    let mut record = std::mem::take(&mut *lock(&record));
    (record.history, record.output) = (execution.history().events(), output);
    Ok(record)
}

async fn execute(
    plan: &Plan,
    account: &Account,
    record: &Arc<Mutex<Record>>,
) -> Result<(Arc<Execution>, Value), String> {
    let told = |error: AwsError| error.to_string();
    let state_machine = provision(plan, account, record).map_err(told)?;
    let request = StartExecutionRequest {
        state_machine_arn: state_machine,
        name: Some("rehearsal".to_owned()),
        input: Some(plan.document.to_string()),
    };
    let arn = account.stepfunctions.start_execution(request).map_err(told)?.execution_arn;
    let execution = account.stepfunctions.execution(&arn).map_err(told)?;
    let ending = tokio::time::timeout(plan.runs_for + OVERHEAD, ending(&execution)).await;
    tokio::time::sleep(LOOK).await;
    match ending.map_err(|_| "the execution did not end".to_owned())? {
        ec2_ops_asl::Ending::Succeeded { output } => Ok((execution, output["outcome"].clone())),
        other => Err(format!("the execution did not succeed: {other:?}")),
    }
}

fn provision(plan: &Plan, account: &Account, record: &Arc<Mutex<Record>>) -> Result<String, AwsError> {
    let names = Arc::new(Names { additional_regions: Vec::new(), ..Names::default() });
    account.s3.create_bucket(BUCKET, &names.region)?;
    let delivery = plan.event_delivery;
    account.platform.events.deliver_by(move |_| delivery.into_iter().collect());
    watch_commands(account, record);
    let runtime_of = |function: Function| -> Arc<dyn Runtime> {
        Arc::new(Observed {
            function: function.name,
            account: account.clone(),
            names: Arc::clone(&names),
            call: plan.call,
            record: Arc::clone(record),
        })
    };
    deploy(account, &names, &Template::default(), runtime_of)
}

/// The commands write their output as they begin, and their end is written down.
fn watch_commands(account: &Account, record: &Arc<Mutex<Record>>) {
    let (s3, clock, record) = (Arc::clone(&account.s3), account.platform.clock, Arc::clone(record));
    account.platform.events.subscribe(move |event: &Event| match command_status(event) {
        // The bucket is there from the start.
        Some("InProgress") => drop(s3.put_object(BUCKET, KEY, "output")),
        Some("Success") => lock(&record).commands_ended = Some(clock.now()),
        _ => {}
    });
}

fn command_status(event: &Event) -> Option<&str> {
    event.detail["status"].as_str().filter(|_| event.source == "aws.ssm")
}

async fn ending(execution: &Execution) -> ec2_ops_asl::Ending {
    loop {
        if let Some((ending, _)) = execution.history().ending() {
            return ending;
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests;
