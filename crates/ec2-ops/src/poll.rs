//! EC2Poller: waits for the commands to end, while nothing is held and nothing runs.
//!
//! The task stores its token under the instance's id, polls the command once, and returns. From then on events wake the
//! function: it finds the token, polls again, and completes the task.
//!
//! - An event that arrives between the two is not lost, since the token is stored before the poll.
//! - If no event arrives, the task times out, and its retry starts over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::error::{CommandFailure, CommandsReport, Error, Stream};
use crate::ids::{AttemptId, CommandId, InstanceId, TaskToken};
use crate::instance_end::lost;
use crate::outcome::tail;
use crate::ports::{
    Clock, Commands, Executions, Instance, Instances, Invocation, InvocationStatus, Wake, WakeTokens, Watch,
};
use crate::step::{CommandSection, Context, InstanceSection, TaskOrEvent, write};

/// How much SSM keeps of stdout and of stderr, from the beginning, in characters. See `StandardOutputContent` and
/// `StandardErrorContent` in
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html>.
const STDOUT_KEPT: usize = 24_000;
const STDERR_KEPT: usize = 8_000;
/// What the agent appends to a text that it has cut: `OutputTruncatedSuffix` in amazon-ssm-agent.
const TRUNCATED: &str = "--output truncated--";

/// What EC2Poller is invoked with.
type Payload = TaskOrEvent<Task, Event>;

/// The task of the state machine, which waits for the commands.
#[derive(Deserialize)]
struct Task {
    #[serde(flatten)]
    context: Context,
    instance: InstanceSection,
    command: CommandSection,
    token: TaskToken,
}

/// The events of `state_machine/event_patterns.json`, by EventBridge's `detail-type`.
#[derive(Deserialize)]
#[serde(tag = "detail-type", content = "detail", rename_all_fields = "kebab-case")]
enum Event {
    /// A command has ended.
    #[serde(rename = "EC2 Command Invocation Status-change Notification")]
    Command { instance_id: InstanceId, command_id: CommandId },
    /// An instance is ending, or has ended.
    #[serde(rename = "EC2 Instance State-change Notification")]
    Instance { instance_id: InstanceId },
    /// EC2's two-minute notice. See
    /// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>.
    #[serde(rename = "EC2 Spot Instance Interruption Warning")]
    SpotWarning { instance_id: InstanceId },
}

/// The section that EC2Poller writes, after commands that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PollSection {
    pub(crate) exit_code: i32,
    /// When the commands began and ended, if SSM says. After a second delivery, both are those of the second.
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
}

impl Event {
    fn instance(&self) -> &InstanceId {
        match self {
            Self::Command { instance_id, .. }
            | Self::Instance { instance_id }
            | Self::SpotWarning { instance_id } => instance_id,
        }
    }
}

/// The ports that waiting needs.
pub struct Ports<'a, C, I, M, T, E> {
    /// The time of day.
    pub clock: &'a C,
    /// EC2, to see that the instance is alive.
    pub instances: &'a I,
    /// SSM, to see whether the command has ended.
    pub commands: &'a M,
    /// The store of task tokens.
    pub tokens: &'a T,
    /// Step Functions, to complete the task.
    pub executions: &'a E,
}

/// Handles the task of the state machine, or an event about an instance.
///
/// # Errors
/// Why it could not poll. A failure of the command is reported to the task, and is no error here.
pub async fn handle(
    payload: Value,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Value, Error> {
    match Payload::read(payload)? {
        Payload::Task(task) => start_waiting(task, ports).await,
        Payload::Event(event) => wake_up(&event, ports).await,
    }
}

/// Stores the task's token, then polls once.
async fn start_waiting(
    task: Task,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Value, Error> {
    let timeout_s = task.context.job()?.timeout_s;
    let wake = Wake {
        token: task.token,
        watch: Watch {
            execution: task.context.execution.id,
            attempt: task.context.attempt.number,
            region: task.instance.region,
            instance: task.instance.id,
            command: task.command.id,
            deliver_by: task.command.deliver_by,
            end_by: task.command.end_by,
            timeout_s,
        },
    };
    ports.tokens.put(&wake).await?;
    let completed = poll_and_complete(&wake, false, ports).await?;
    Ok(json!({ "waiting": !completed }))
}

/// Polls for the task that waits for the event's instance, if there is one.
async fn wake_up(
    event: &Event,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Value, Error> {
    let Some(wake) = ports.tokens.get(event.instance()).await? else {
        return Ok(Value::Null);
    };
    let warned = matches!(event, Event::SpotWarning { .. });
    let of_another = matches!(event, Event::Command { command_id, .. } if *command_id != wake.watch.command);
    if poll_and_complete(&wake, warned, ports).await? || of_another {
        return Ok(json!({ "waiting": of_another }));
    }
    // Only ends are subscribed to, so the poll saw an old state. Lambda's retry polls again.
    let stale = format!("an event reports the end of {}, which does not show yet", event.instance());
    Err(AwsError::new("GetCommandInvocation", "Stale", stale, None).into())
}

/// Polls once, and completes the task if the wait is over. Returns whether it is.
async fn poll_and_complete(
    wake: &Wake,
    warned: bool,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<bool, Error> {
    match poll(&wake.watch, warned, ports).await {
        Ok(None) => return Ok(false),
        Err(error) if is_about_the_poll(&error) => return Err(error),
        Ok(Some(section)) => ports.executions.complete(&wake.token, &section).await?,
        Err(error) => {
            let cause = write(&error.report())?.to_string();
            ports.executions.fail(&wake.token, error.name(), &cause).await?
        }
    };
    ports.tokens.delete(&wake.watch.instance, &wake.token).await?;
    Ok(true)
}

/// Whether `error` is about the poll, and not about the command.
fn is_about_the_poll(error: &Error) -> bool {
    error.retryable() || matches!(error, Error::Refused(_) | Error::InternalError(_))
}

/// Polls the command: its section if it succeeded, an error if it failed, `None` while it has not ended.
async fn poll(
    watch: &Watch,
    warned: bool,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Option<Value>, Error> {
    let invocation = ports.commands.invocation(&watch.region, &watch.instance, &watch.command).await?;
    // A script can make the agent report a failure as a success; the exit code shows it.
    if let Some(Invocation {
        status: InvocationStatus::Success,
        exit_code: Some(exit_code @ 0),
        started_at,
        ended_at,
        ..
    }) = invocation
    {
        return write(&PollSection { exit_code, started_at, ended_at }).map(Some);
    }
    match judge(watch, warned, invocation.clone(), ports).await {
        Err(error) if !is_about_the_poll(&error) => Err(explained(error, watch, invocation, ports).await?),
        judged => judged,
    }
}

/// How the commands failed, if `error` is what the watched `invocation` and the instance show.
///
/// Commander may have sent the commands twice, and one copy waits for the other. If that one was killed, its status is the
/// reason, and it is in neither. A copy that no listing shows yet was sent seconds ago.
async fn explained(
    error: Error,
    watch: &Watch,
    invocation: Option<Invocation>,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Error, Error> {
    use InvocationStatus::{Cancelled, Cancelling, ExecutionTimedOut};
    let mut invocations = Vec::from_iter(invocation);
    invocations.extend(other_copies(watch, ports.commands).await?);
    let with = |statuses: &[InvocationStatus]| {
        invocations.iter().find(|invocation| statuses.contains(&invocation.status))
    };
    // A person wants no more of the commands, however they or their instance end.
    if let Some(cancelled) = with(&[Cancelling, Cancelled]) {
        let what = "the commands were cancelled".to_owned();
        return Ok(Error::Cancelled(Box::new(command_failure(what, cancelled))));
    }
    Ok(match (error, with(&[ExecutionTimedOut])) {
        (Error::CommandFailed(_), Some(killed)) => failure(watch, killed),
        (error, _) => error,
    })
}

/// The attempt's commands on the instance, other than the watched one.
async fn other_copies(watch: &Watch, commands: &impl Commands) -> Result<Vec<Invocation>, Error> {
    let comment = AttemptId { execution: watch.execution.clone(), attempt: watch.attempt }.fingerprint();
    let copies = match commands.find(&watch.region, &watch.instance, &comment).await.map_err(Error::from) {
        Err(error) if error.retryable() => return Err(error),
        // SSM refuses to list the commands of an instance that is gone.
        copies => copies.unwrap_or_default(),
    };
    let mut invocations = Vec::new();
    for copy in copies.iter().filter(|copy| copy.id != watch.command) {
        invocations.extend(commands.invocation(&watch.region, &watch.instance, &copy.id).await?);
    }
    Ok(invocations)
}

/// What the invocation and the instance show together: an error once the commands have failed, `None` while they have not
/// ended.
async fn judge(
    watch: &Watch,
    warned: bool,
    invocation: Option<Invocation>,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Option<Value>, Error> {
    use InvocationStatus::{Cancelling, InProgress, Pending};
    let status = invocation.as_ref().map_or(Pending, |invocation| invocation.status);
    // If the instance has ended, that is the better explanation: it may have ended the commands, too.
    let instance = ports.instances.describe(&watch.region, &watch.instance).await?;
    let ended = invocation.filter(|_| !matches!(status, Pending | InProgress | Cancelling));
    // The deadline of the script is later than the limit on the commands, so an end that SSM reports explains more.
    let explained =
        |instance: &Instance| ended.is_some() && shut_down_at_deadline(instance, watch, ports.clock);
    if let Some(instance) = instance.filter(|instance| !explained(instance)) {
        check_alive(&instance, ended.as_ref())?;
    }
    match ended {
        Some(invocation) => Err(failure(watch, &invocation)),
        None if warned => Err(Error::SpotInterrupted {
            instance: watch.instance.clone(),
            why: "EC2 gave two minutes' notice".to_owned(),
        }),
        None => check_deadlines(watch, status, ports.clock).map(|()| None),
    }
}

fn check_alive(instance: &Instance, ended: Option<&Invocation>) -> Result<(), Error> {
    let state = instance.state;
    if state.is_alive() {
        return Ok(());
    }
    let why = match ended {
        None => format!("it is {state}, before SSM reported an end of its commands"),
        Some(Invocation { exit_code: Some(code), .. }) => {
            format!("it is {state}, and its commands ended with exit code {code}, perhaps because of that")
        }
        Some(_) => format!("it is {state}, and its commands ended, perhaps because of that"),
    };
    Err(lost(instance, &why))
}

/// Whether the instance shut itself down at the deadline that the script had armed, as far as the time of day shows it.
fn shut_down_at_deadline(instance: &Instance, watch: &Watch, clock: &impl Clock) -> bool {
    let by_itself = instance.state_reason.as_deref() == Some("Client.InstanceInitiatedShutdown");
    by_itself && clock.now() > watch.end_by
}

fn failure(watch: &Watch, invocation: &Invocation) -> Error {
    let failed = |what: String| Box::new(command_failure(what, invocation));
    match invocation.status {
        // The agent reports every exit code 137 (128 + SIGKILL, most often out of memory) as its own timeout.
        InvocationStatus::ExecutionTimedOut if ended_early(watch, invocation) => Error::CommandFailed(
            failed("the commands were killed, perhaps because memory ran out".to_owned()),
        ),
        InvocationStatus::ExecutionTimedOut => {
            let what = format!("the commands did not end within {} s", watch.timeout_s);
            Error::CommandTimedOut(failed(what))
        }
        InvocationStatus::Undeliverable => Error::InstanceLost {
            instance: watch.instance.clone(),
            why: "SSM could not deliver the commands to its agent".to_owned(),
        },
        _ => {
            let code = invocation
                .exit_code
                .map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
            Error::CommandFailed(failed(format!("the commands failed with {code}")))
        }
    }
}

fn command_failure(what: String, invocation: &Invocation) -> CommandFailure {
    CommandFailure {
        what,
        commands: CommandsReport {
            exit_code: invocation.exit_code,
            started_at: invocation.started_at,
            ended_at: invocation.ended_at,
            stdout_tail: tail(&invocation.stdout),
            stderr_tail: tail(&invocation.stderr),
            cut: [
                (Stream::Stdout, &invocation.stdout, STDOUT_KEPT),
                (Stream::Stderr, &invocation.stderr, STDERR_KEPT),
            ]
            .into_iter()
            .filter(|(_, text, kept)| text.len() >= *kept || text.trim_end().ends_with(TRUNCATED))
            .map(|(stream, ..)| stream)
            .collect(),
        },
    }
}

fn ended_early(watch: &Watch, invocation: &Invocation) -> bool {
    let took =
        invocation.started_at.zip(invocation.ended_at).map(|(started, ended)| ended.duration_since(started));
    // SSM's times have whole seconds.
    took.is_some_and(|took| took.as_secs() + 1 < i64::from(watch.timeout_s))
}

/// Ends the wait when a deadline has passed. SSM may never report an end: the agent died, or a reboot made it forget.
fn check_deadlines(watch: &Watch, status: InvocationStatus, clock: &impl Clock) -> Result<(), Error> {
    let now = clock.now();
    if status == InvocationStatus::Pending && now > watch.deliver_by {
        return Err(Error::InstanceLost {
            instance: watch.instance.clone(),
            why: format!("its agent had not taken the commands by {}", watch.deliver_by),
        });
    }
    if now > watch.end_by {
        let what =
            format!("SSM still reports the commands as running, past their limit of {} s", watch.timeout_s);
        return Err(Error::CommandTimedOut(Box::new(CommandFailure {
            what,
            commands: CommandsReport::default(),
        })));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
