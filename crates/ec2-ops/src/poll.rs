//! EC2Poller: waits for the commands to end, without holding anything while they run.
//!
//! As a task it leaves a callback (the task token) with the instance's id, looks once, and ends. From then on events wake
//! it: it finds the callback, looks again, and completes the task. An event that comes between the two is not lost,
//! since the token is stored before the look. One that never comes is made up for by the task's own timeout, whose
//! retry starts over.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::error::{CommandFailure, Error};
use crate::ids::{CommandId, InstanceId, TaskToken};
use crate::ports::{
    Clock, Commands, Executions, Instance, Instances, Invocation, InvocationStatus, Wake, WakeTokens, Watch,
};
use crate::step::{CommandSection, Context, InstanceSection, read, write};

/// How much of stderr an error repeats, in characters; all of it is in the logs.
const STDERR_TAIL: usize = 1000;
/// How much SSM keeps of stderr, from its beginning. See `StandardErrorContent` in
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html>.
const STDERR_KEPT: usize = 8000;
/// What the agent puts at the end of a text that it has cut: `OutputTruncatedSuffix` in amazon-ssm-agent.
const TRUNCATED: &str = "--output truncated--";

#[derive(Deserialize)]
struct Task {
    #[serde(flatten)]
    context: Context,
    instance: InstanceSection,
    command: CommandSection,
    token: TaskToken,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: EventDetail,
}

#[derive(Deserialize)]
struct EventDetail {
    #[serde(rename = "instance-id")]
    instance: InstanceId,
    #[serde(rename = "command-id")]
    command: Option<CommandId>,
}

/// What EventBridge calls EC2's two-minute notice. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>.
const SPOT_WARNING: &str = "EC2 Spot Instance Interruption Warning";

/// The ports that waiting needs.
pub struct Ports<'a, C, I, M, T, E> {
    /// The time of day.
    pub clock: &'a C,
    /// EC2, to see that the instance still lives.
    pub instances: &'a I,
    /// SSM, to see whether the command has ended.
    pub commands: &'a M,
    /// Where callbacks are kept.
    pub tokens: &'a T,
    /// Step Functions, to complete the task.
    pub executions: &'a E,
}

/// Handles the task of the state machine, or an event about an instance.
///
/// # Errors
/// Why it could not look; what a look shows of the command is told to the task itself.
pub async fn handle(
    payload: Value,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Value, Error> {
    if payload.get("detail-type").is_some() {
        let event: Event = read(payload)?;
        let Some(wake) = ports.tokens.get(&event.detail.instance).await? else {
            return Ok(Value::Null);
        };
        let warned = event.detail_type == SPOT_WARNING;
        let of_another = event.detail.command.is_some_and(|command| command != wake.watch.command);
        if look_and_tell(&wake, warned, ports).await? || of_another {
            return Ok(json!({ "waiting": of_another }));
        }
        // Only ends are announced to us, so what we saw was old. Lambda's retry looks again.
        let stale = format!("{:?} came, and a look does not show it yet", event.detail_type);
        Err(AwsError::new("GetCommandInvocation", "Stale", stale, None).into())
    } else {
        let task: Task = read(payload)?;
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
        let told = look_and_tell(&wake, false, ports).await?;
        Ok(json!({ "waiting": !told }))
    }
}

/// Looks once, and completes the task if the wait is over. Answers whether it was.
async fn look_and_tell(
    wake: &Wake,
    warned: bool,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<bool, Error> {
    match look(&wake.watch, warned, ports).await {
        Ok(None) => return Ok(false),
        Err(error) if says_nothing_of_the_command(&error) => return Err(error),
        Ok(Some(section)) => ports.executions.complete(&wake.token, &section).await?,
        Err(error) => {
            let cause = write(&error.report())?.to_string();
            ports.executions.fail(&wake.token, error.name(), &cause).await?
        }
    };
    ports.tokens.delete(&wake.watch.instance, &wake.token).await?;
    Ok(true)
}

/// Whether `error` is about the look itself.
fn says_nothing_of_the_command(error: &Error) -> bool {
    error.retryable() || matches!(error, Error::Refused(_) | Error::Internal(_))
}

/// The command's end, if it has ended: its section on success, an error otherwise.
async fn look(
    watch: &Watch,
    warned: bool,
    ports: &Ports<'_, impl Clock, impl Instances, impl Commands, impl WakeTokens, impl Executions>,
) -> Result<Option<Value>, Error> {
    let invocation = ports.commands.invocation(&watch.region, &watch.instance, &watch.command).await?;
    let status = invocation.as_ref().map_or(InvocationStatus::Pending, |invocation| invocation.status);
    // The agent can be told to call a failure a success; the exit code tells.
    if let Some(Invocation { status: InvocationStatus::Success, exit_code: Some(0), ended_at, .. }) =
        &invocation
    {
        return Ok(Some(json!({ "status": "Success", "exit_code": 0, "ended_at": ended_at })));
    }
    // Whatever else SSM says, the end of the instance explains it best: it may have been the end of the commands, too.
    let instance = ports.instances.describe(&watch.region, &watch.instance).await?;
    let met_its_deadline =
        instance.as_ref().is_some_and(|instance| met_its_deadline(instance, watch, ports.clock));
    let ended =
        invocation.filter(|_| !matches!(status, InvocationStatus::Pending | InvocationStatus::InProgress));
    if let Some(instance) = instance.filter(|_| !met_its_deadline) {
        alive(&instance, ended.as_ref())?;
    }
    match ended {
        Some(invocation) => Err(failure(watch, &invocation)),
        None if warned => Err(Error::SpotInterrupted {
            instance: watch.instance.clone(),
            why: "EC2 gave two minutes' notice".to_owned(),
        }),
        None => overdue(watch, status, met_its_deadline, ports.clock).map(|()| None),
    }
}

fn alive(instance: &Instance, ended: Option<&Invocation>) -> Result<(), Error> {
    let over = instance.state;
    if over.is_alive() {
        return Ok(());
    }
    Err(instance.lost(&match ended {
        None => format!("it is {over} before its commands had ended"),
        Some(Invocation { exit_code: Some(code), .. }) => {
            format!("it is {over}, and its commands ended with exit code {code}, perhaps for that")
        }
        Some(_) => format!("it is {over}, and its commands ended, perhaps for that"),
    }))
}

/// Whether the instance has ended itself, as the script had it do in case nobody else would. That comes after the limit, so
/// what SSM knows of the commands tells more than the end of their instance.
fn met_its_deadline(instance: &Instance, watch: &Watch, clock: &impl Clock) -> bool {
    let by_itself = instance.state_reason.as_deref() == Some("Client.InstanceInitiatedShutdown");
    by_itself && clock.now() > watch.end_by
}

fn failure(watch: &Watch, invocation: &Invocation) -> Error {
    let failed = |what: String| {
        let stderr_tail = tail(&invocation.stderr);
        Box::new(CommandFailure { what, exit_code: invocation.exit_code, stderr_tail })
    };
    match invocation.status {
        // The agent takes any exit with 137 (128 + SIGKILL: out of memory, most often) for its own timeout.
        InvocationStatus::ExecutionTimedOut if ended_early(watch, invocation) => {
            Error::CommandFailed(failed("the commands were killed, perhaps for want of memory".to_owned()))
        }
        InvocationStatus::ExecutionTimedOut => {
            let what = format!("the commands did not end within {} s", watch.timeout_s);
            Error::CommandTimedOut(failed(what))
        }
        InvocationStatus::Undeliverable => Error::InstanceLost {
            instance: watch.instance.clone(),
            why: "SSM could not deliver the commands to its agent".to_owned(),
        },
        InvocationStatus::Cancelled => Error::CommandFailed(failed("the commands were cancelled".to_owned())),
        _ => {
            let code = invocation
                .exit_code
                .map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
            Error::CommandFailed(failed(format!("the commands failed with {code}")))
        }
    }
}

fn ended_early(watch: &Watch, invocation: &Invocation) -> bool {
    let took =
        invocation.started_at.zip(invocation.ended_at).map(|(started, ended)| ended.duration_since(started));
    // SSM's times are of whole seconds.
    took.is_some_and(|took| took.as_secs() + 1 < i64::from(watch.timeout_s))
}

/// SSM may never say that a command is over: its agent died, or a reboot made it forget.
fn overdue(
    watch: &Watch,
    status: InvocationStatus,
    met_its_deadline: bool,
    clock: &impl Clock,
) -> Result<(), Error> {
    let now = clock.now();
    if status == InvocationStatus::Pending && now > watch.deliver_by {
        return Err(Error::InstanceLost {
            instance: watch.instance.clone(),
            why: format!("its agent had not taken the commands by {}", watch.deliver_by),
        });
    }
    if now > watch.end_by {
        let how = if met_its_deadline {
            "the instance ended itself before SSM had reported an end of the commands"
        } else {
            "SSM still reports the commands as running"
        };
        let what = format!("{how}, past their limit of {} s", watch.timeout_s);
        return Err(Error::CommandTimedOut(Box::new(CommandFailure {
            what,
            exit_code: None,
            stderr_tail: String::new(),
        })));
    }
    Ok(())
}

/// The end of what SSM has of stderr; where that is not all, it says so.
fn tail(text: &str) -> String {
    let skip = text.chars().count().saturating_sub(STDERR_TAIL);
    let mut tail: String = text.chars().skip(skip).collect();
    if text.len() >= STDERR_KEPT || text.trim_end().ends_with(TRUNCATED) {
        tail.push_str("\n[SSM has the beginning of stderr only; how it ended is in the logs]");
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{World, instance, invocation, time};
    use crate::ports::InstanceState;
    use crate::tags::Tags;

    fn ports(world: &World) -> Ports<'_, World, World, World, World, World> {
        Ports { clock: world, instances: world, commands: world, tokens: world, executions: world }
    }

    fn task() -> Value {
        json!({
            "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
            "document": {
                "commands": ["true"],
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            },
            "instance": { "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": "2026-03-01T05:31:00Z" },
            "command": {
                "id": "c-1", "poll_seconds": 72, "deliver_by": "2026-03-01T05:36:00Z",
                "end_by": "2026-03-01T06:37:00Z", "logs": [],
            },
            "token": "t-1",
        })
    }

    /// A world at `now` in which the instance is in `state` and SSM reports `status`.
    fn world(state: InstanceState, status: Option<InvocationStatus>, now: &str) -> World {
        World {
            now: time(now),
            instances: vec![instance("i-1", state, Tags::new())],
            invocation: status.map(invocation),
            ..World::default()
        }
    }

    const EARLY: &str = "2026-03-01T05:35:00Z";
    const UNDELIVERED: &str = "2026-03-01T05:37:00Z";
    const OVERDUE: &str = "2026-03-01T06:38:00Z";

    #[tokio::test]
    async fn a_look_tells_the_task_what_it_shows() {
        use InstanceState::{Pending as Booting, Running, ShuttingDown, Stopped, Terminated};
        use InvocationStatus::{
            Cancelled, ExecutionTimedOut, Failed, InProgress, Pending, Success, Undeliverable,
        };
        for (state, status, now, told) in [
            (Running, None, EARLY, ""),
            (Booting, Some(Pending), EARLY, ""),
            (Running, Some(InProgress), UNDELIVERED, ""),
            (Running, Some(Success), OVERDUE, "SendTaskSuccess Success"),
            (Terminated, Some(Success), EARLY, "SendTaskSuccess Success"),
            (Running, Some(Failed), EARLY, "SendTaskFailure CommandFailed"),
            (Running, Some(Cancelled), EARLY, "SendTaskFailure CommandFailed"),
            (Running, Some(ExecutionTimedOut), EARLY, "SendTaskFailure CommandTimedOut"),
            (Running, Some(Undeliverable), EARLY, "SendTaskFailure InstanceLost"),
            (Terminated, Some(Failed), EARLY, "SendTaskFailure InstanceLost"),
            (Stopped, Some(InProgress), EARLY, "SendTaskFailure InstanceLost"),
            (ShuttingDown, None, EARLY, "SendTaskFailure InstanceLost"),
            (Running, None, UNDELIVERED, "SendTaskFailure InstanceLost"),
            (Running, Some(Pending), UNDELIVERED, "SendTaskFailure InstanceLost"),
            (Running, Some(InProgress), OVERDUE, "SendTaskFailure CommandTimedOut"),
        ] {
            let world = world(state, status, now);
            let section = handle(task(), &ports(&world)).await.unwrap();
            let expected = if told.is_empty() {
                vec!["PutItem i-1"]
            } else {
                vec!["PutItem i-1", told, "DeleteItem i-1"]
            };
            assert_eq!(world.calls(), expected, "{state} {status:?} {now}");
            assert_eq!(section["waiting"], told.is_empty());
        }
    }

    /// Every look has failed until the deadline that the script armed: the commands had their time.
    #[tokio::test]
    async fn an_instance_that_ended_itself_after_the_limit_was_not_lost() {
        use InvocationStatus::{ExecutionTimedOut, Failed, InProgress, Pending};
        let by_itself = "Client.InstanceInitiatedShutdown";
        for (reason, status, now, told) in [
            (by_itself, Some(InProgress), OVERDUE, "CommandTimedOut"),
            (by_itself, Some(Pending), OVERDUE, "InstanceLost"),
            (by_itself, Some(ExecutionTimedOut), OVERDUE, "CommandTimedOut"),
            (by_itself, Some(Failed), OVERDUE, "CommandFailed"),
            (by_itself, Some(InProgress), EARLY, "InstanceLost"),
            ("Client.UserInitiatedShutdown", Some(InProgress), OVERDUE, "InstanceLost"),
            ("Server.SpotInstanceTermination", Some(InProgress), OVERDUE, "SpotInterrupted"),
        ] {
            let mut world = world(InstanceState::Terminated, status, now);
            world.instances[0].state_reason = Some(reason.to_owned());
            handle(task(), &ports(&world)).await.unwrap();
            assert_eq!(world.calls()[1], format!("SendTaskFailure {told}"), "{reason} {status:?} {now}");
        }
    }

    #[tokio::test]
    async fn a_look_that_fails_says_nothing_of_the_command() {
        for (action, code, name) in [
            ("GetCommandInvocation", "ThrottlingException", "Throttled"),
            ("GetCommandInvocation", "AccessDenied", "Refused"),
            ("DescribeInstances", "InternalError", "ServiceUnavailable"),
        ] {
            let looked = world(InstanceState::Running, Some(InvocationStatus::InProgress), EARLY);
            let world = World { failing: Some((action, code)), ..looked };
            assert_eq!(handle(task(), &ports(&world)).await.unwrap_err().name(), name, "{code}");
            assert_eq!(world.calls(), ["PutItem i-1"]);
        }
    }

    #[tokio::test]
    async fn an_event_wakes_who_waits_and_nobody_else() {
        let event = |kind: &str, id: &str| json!({ "detail-type": kind, "detail": { "instance-id": id } });
        let world = world(InstanceState::Running, Some(InvocationStatus::InProgress), EARLY);
        handle(task(), &ports(&world)).await.unwrap();
        handle(event(SPOT_WARNING, "i-2"), &ports(&world)).await.unwrap();
        let mut of_another = event("EC2 Command Invocation Status-change Notification", "i-1");
        of_another["detail"]["command-id"] = json!("c-9");
        handle(of_another, &ports(&world)).await.unwrap();
        assert_eq!(world.calls(), ["PutItem i-1"]);
        // An end that a look does not show yet is looked for again.
        let early = handle(event("EC2 Instance State-change Notification", "i-1"), &ports(&world)).await;
        assert!(early.unwrap_err().retryable());
        assert_eq!(world.calls(), ["PutItem i-1"]);
        handle(event(SPOT_WARNING, "i-1"), &ports(&world)).await.unwrap();
        assert_eq!(world.calls()[1..], ["SendTaskFailure SpotInterrupted", "DeleteItem i-1"]);
    }

    #[tokio::test]
    async fn a_warning_does_not_hide_how_the_commands_had_ended() {
        let mut world = world(InstanceState::Running, None, EARLY);
        handle(task(), &ports(&world)).await.unwrap();
        world.invocation = Some(invocation(InvocationStatus::Failed));
        let warning = json!({ "detail-type": SPOT_WARNING, "detail": { "instance-id": "i-1" } });
        handle(warning, &ports(&world)).await.unwrap();
        assert_eq!(world.calls()[1..], ["SendTaskFailure CommandFailed", "DeleteItem i-1"]);
    }

    #[tokio::test]
    async fn a_success_needs_the_exit_code_0() {
        let called_a_success = Invocation { exit_code: Some(168), ..invocation(InvocationStatus::Success) };
        let world =
            World { invocation: Some(called_a_success), ..world(InstanceState::Running, None, EARLY) };
        handle(task(), &ports(&world)).await.unwrap();
        assert_eq!(world.calls()[1], "SendTaskFailure CommandFailed");
    }

    #[test]
    fn a_failure_repeats_the_exit_code_and_the_end_of_stderr() {
        let watch: Watch = serde_json::from_value(json!({
            "execution": "arn:x", "attempt": 1, "region": "us-east-1", "instance": "i-1", "command": "c-1",
            "deliver_by": EARLY, "end_by": OVERDUE, "timeout_s": 60,
        }))
        .unwrap();
        let stderr = format!("{}é", "x".repeat(STDERR_TAIL + 5));
        let failed = Invocation { exit_code: Some(7), stderr, ..invocation(InvocationStatus::Failed) };
        let report = failure(&watch, &failed).report();
        assert_eq!(
            (report.message.as_str(), report.exit_code),
            ("the commands failed with exit code 7", Some(7))
        );
        assert_eq!(report.stderr_tail.chars().count(), STDERR_TAIL);
        assert!(report.stderr_tail.ends_with('é'));
        for cut in ["x".repeat(STDERR_KEPT), format!("{}{TRUNCATED}", "x".repeat(2000))] {
            let failed = Invocation { stderr: cut, ..failed.clone() };
            assert!(failure(&watch, &failed).report().stderr_tail.contains("how it ended is in the logs"));
        }
    }
}
