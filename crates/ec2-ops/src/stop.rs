//! EC2Stopper: ends what the attempt launched, and says what the attempt came to.
//!
//! Two more nets end here, which have no state machine around them: [`abnormal_end`] and [`sweep`].

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::check::CheckSection;
use crate::clean::{VISIBILITY, end_all};
use crate::deployment::Deployment;
use crate::document::Job;
use crate::error::{Error, ErrorReport, Leftover};
use crate::ids::InstanceId;
use crate::outcome::{AttemptRecord, Outcome, Status};
use crate::ports::{Clock, Executions, Instance, Instances, Volumes};
use crate::step::{Attempt, CommandSection, Context, Execution, InstanceSection, read, write};
use crate::{abnormal_end, boot, sweep, tags};

#[derive(Deserialize)]
struct Payload {
    execution: Execution,
    /// When the attempt came here.
    entered: Timestamp,
    /// The whole state, document and all: a payload that had the document twice would exceed Step Functions' quota.
    state: State,
}

/// Which of the optional sections are there depends on how far the attempt came.
#[derive(Deserialize)]
struct State {
    document: Value,
    attempt: Attempt,
    attempts: Vec<AttemptRecord>,
    instance: Option<InstanceSection>,
    command: Option<CommandSection>,
    poll: Option<PollSection>,
    check: Option<CheckSection>,
    error: Option<CaughtError>,
}

/// What EC2Poller tells of commands that succeeded.
#[derive(Deserialize)]
struct PollSection {
    exit_code: i32,
}

/// What a Catch writes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CaughtError {
    error: String,
    cause: Option<String>,
}

/// Handles the task of the state machine, the event of an abnormal end, or the sweeper's schedule.
///
/// # Errors
/// [`Error::CleanupPending`] until everything has ended; whoever invoked it asks again.
pub async fn handle<C: Instances + Volumes>(
    payload: Value,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
    executions: &impl Executions,
) -> Result<Value, Error> {
    match payload.get("detail-type").and_then(Value::as_str) {
        None => end_attempt(read(payload)?, deployment, clock, ec2).await,
        Some(abnormal_end::DETAIL_TYPE) => abnormal_end::handle(payload, deployment, clock, ec2).await,
        Some(sweep::DETAIL_TYPE) => sweep::handle(deployment, clock, ec2, executions).await,
        Some(other) => Err(Error::Internal(format!("unexpected event {other:?}"))),
    }
}

/// Ends every instance of the execution, then tells the attempt's outcome and what follows on it.
async fn end_attempt<C: Instances + Volumes>(
    Payload { execution, entered, mut state }: Payload,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
) -> Result<Value, Error> {
    let document = state.document.take();
    let context = Context { execution, attempt: state.attempt.clone(), document, retry: 0 };
    let job = context.job().ok();
    // What has been launched is ended where it was launched, even if the document would be refused by now.
    let launched_in = state.instance.as_ref().map(|instance| instance.region.clone());
    let runs_in = || job.as_ref().and_then(|job| deployment.region_of(job).ok());
    // A document that is refused is refused before any AWS call: there is nothing to end.
    let Some(region) = launched_in.or_else(runs_in) else {
        return write(&outcome(&context, state, None, &[], deployment, clock));
    };
    let ours = tags::of_execution(&context.execution.id, &deployment.name);
    let ended = end_all(&region, &ours, ec2).await?;
    let number = context.attempt.number.to_string();
    let of_this_attempt = |instance: &&Instance| instance.tags.get(tags::ATTEMPT) == Some(&number);
    let instances: Vec<_> =
        ended.iter().filter(of_this_attempt).map(|instance| instance.id.clone()).collect();
    if let Some(why) =
        state.error.as_ref().and_then(|error| error.explained_by(ended.iter().filter(of_this_attempt)))
    {
        state.error = Some(why);
    }
    if may_be_unseen(&state, &instances, entered, clock.now()) {
        return Err(Error::CleanupPending("a fresh instance may not be visible yet".to_owned()));
    }
    write(&outcome(&context, state, job.as_ref(), &instances, deployment, clock))
}

/// Whether there may be an instance that EC2 does not show yet among those that it `shows`: one that is known to have
/// been launched, or one whose launch has lost its answer.
fn may_be_unseen(state: &State, shows: &[InstanceId], entered: Timestamp, now: Timestamp) -> bool {
    let since = match (&state.instance, &state.error) {
        (Some(launched), _) if !shows.contains(&launched.id) => launched.launched_at,
        (None, Some(error)) if shows.is_empty() && Leftover::of_error(&error.error) != Leftover::Nothing => {
            entered
        }
        _ => return false,
    };
    now.duration_since(since) < VISIBILITY
}

fn outcome(
    context: &Context,
    state: State,
    job: Option<&Job>,
    instances: &[InstanceId],
    deployment: &Deployment,
    clock: &impl Clock,
) -> Outcome {
    let report = state.error.as_ref().map(CaughtError::report);
    let status = state.error.as_ref().map_or(Status::Succeeded, |error| Status::of_error(&error.error));
    let mut instances = instances.to_vec();
    instances.extend(state.instance.iter().map(|instance| instance.id.clone()));
    instances.sort();
    instances.dedup();
    let record = AttemptRecord {
        attempt: context.attempt.number,
        status,
        exit_code: report
            .as_ref()
            .and_then(|report| report.exit_code)
            .or(state.poll.map(|poll| poll.exit_code)),
        stderr_tail: report.as_ref().map(|report| report.stderr_tail.clone()).unwrap_or_default(),
        reason: report.map(|report| report.message),
        instances,
        market: state.instance.map(|instance| instance.market),
        started_at: context.attempt.started,
        ended_at: clock.now(),
        output: state.check.and_then(|check| check.object),
        logs: state.command.map(|command| command.logs).unwrap_or_default(),
    };
    let mut attempts = state.attempts;
    attempts.push(record);
    Outcome::decide(
        attempts,
        job.map(|job| job.warnings.clone()).unwrap_or_default(),
        job.map_or(1, |job| job.attempts_allowed),
        wants_failure(&context.document).unwrap_or(deployment.fail_execution),
        deployment.backoff_s,
    )
}

/// Whether the execution is to end as FAILED without a success. A document that is invalid for another reason says it too.
fn wants_failure(document: &Value) -> Option<bool> {
    document.pointer("/run_options/fail_execution")?.as_bool()
}

impl CaughtError {
    /// The fate of the instance, where only its silence is known: it may have gone after the last look at it, or between two
    /// tries to launch it, of which the second is refused.
    fn explained_by<'a>(&self, mut instances: impl Iterator<Item = &'a Instance>) -> Option<Self> {
        if !matches!(self.error.as_str(), "InstanceNotReady" | "InstanceNotReadyAmongMany" | "LaunchFailed") {
            return None;
        }
        let fate = boot::fate(instances.find(|instance| instance.ended_uncalled())?)?;
        Some(Self { error: fate.name().to_owned(), cause: serde_json::to_string(&fate.report()).ok() })
    }

    /// Our own report, or whatever Step Functions or Lambda had to say.
    fn report(&self) -> ErrorReport {
        let cause = self.cause.as_deref().unwrap_or_default();
        let report =
            serde_json::from_str::<ErrorReport>(cause).ok().filter(|report| !report.message.is_empty());
        report.unwrap_or_else(|| ErrorReport {
            error_type: self.error.clone(),
            message: format!("{}: {cause}", self.error).trim_end_matches(": ").to_owned(),
            ..ErrorReport::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::fakes::{World, deployment, instance, time};
    use crate::ports::InstanceState;
    use crate::tags::Tags;
    use serde_json::json;

    /// What the state machine hands over, so many seconds after the attempt came to EC2Stopper.
    fn payload(state: &Value, waited_s: i64) -> Value {
        let mut whole = json!({
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
            "attempts": [],
            "document": {
                "commands": ["true"],
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            },
        });
        if let (Value::Object(whole), Value::Object(state)) = (&mut whole, state.clone()) {
            whole.extend(state);
        }
        json!({
            "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
            "entered": time("2026-03-01T06:00:00Z") - SignedDuration::from_secs(waited_s),
            "state": whole,
        })
    }

    fn gone() -> World {
        let tags = Tags::from([
            (tags::EXECUTION.to_owned(), "arn:x".to_owned()),
            (tags::ATTEMPT.to_owned(), "1".to_owned()),
            (tags::DEPLOYMENT.to_owned(), "test".to_owned()),
        ]);
        World { instances: vec![instance("i-1", InstanceState::Terminated, tags)], ..World::default() }
    }

    async fn stop(state: Value, world: &World) -> Value {
        handle(payload(&state, 60), &deployment(), world, world, world).await.unwrap()
    }

    fn launched() -> Value {
        json!({ "id": "i-1", "region": "us-east-1", "market": "on-demand", "launched_at": "2026-03-01T05:31:00Z" })
    }

    fn sent() -> Value {
        json!({
            "id": "c-1", "poll_seconds": 72, "deliver_by": "2026-03-01T05:36:00Z",
            "end_by": "2026-03-01T06:37:00Z", "logs": ["s3://logs/x"],
        })
    }

    #[tokio::test]
    async fn a_success_has_an_exit_code_its_logs_and_the_output_that_was_found() {
        let check = json!({ "result": "found", "object": "s3://b/k", "last_modified": null, "size": 1 });
        let outcome = stop(
            json!({ "instance": launched(), "command": sent(), "poll": { "exit_code": 0 }, "check": check }),
            &gone(),
        )
        .await;
        assert_eq!((&outcome["status"], &outcome["next"]), (&json!("Succeeded"), &json!("succeed")));
        let attempt = &outcome["attempts"][0];
        assert_eq!((&attempt["exit_code"], &attempt["output"]), (&json!(0), &json!("s3://b/k")));
        assert_eq!((&attempt["instances"], &attempt["logs"]), (&json!(["i-1"]), &json!(["s3://logs/x"])));
    }

    #[tokio::test]
    async fn each_way_to_fail_is_told_as_it_was() {
        let report = |kind: &str| {
            json!({ "errorType": kind, "errorMessage": "why", "exit_code": 7, "stderr_tail": "oops" })
                .to_string()
        };
        for (error, cause, status, reason) in [
            ("CommandFailed", report("CommandFailed"), "CommandFailed", "why"),
            ("SpotInterrupted", report("SpotInterrupted"), "SpotInterrupted", "why"),
            ("InstanceNotReady", report("InstanceNotReady"), "LaunchFailed", "why"),
            ("States.Timeout", String::new(), "InternalError", "States.Timeout"),
            ("Lambda.Unknown", "it died".to_owned(), "InternalError", "Lambda.Unknown: it died"),
        ] {
            let caught = json!({ "Error": error, "Cause": cause });
            let state = json!({ "instance": launched(), "command": sent(), "error": caught });
            let outcome = stop(state, &gone()).await;
            assert_eq!(outcome["status"], status, "{error}");
            assert_eq!(outcome["attempts"][0]["reason"], reason, "{error}");
            assert_eq!(outcome["attempts"][0]["exit_code"].is_null(), reason != "why", "{error}");
        }
    }

    #[tokio::test]
    async fn an_instance_that_fell_silent_is_told_by_its_fate_unless_that_was_our_doing() {
        let report = json!({ "errorType": "InstanceNotReady", "errorMessage": "why" }).to_string();
        for (error, fate, status, reason) in [
            ("InstanceNotReady", "Server.SpotInstanceTermination", "SpotInterrupted", "Server.Spot"),
            ("InstanceNotReadyAmongMany", "Server.InternalError", "InstanceLost", "Server.InternalError"),
            (
                "InstanceNotReady",
                "Server.InsufficientInstanceCapacity",
                "CapacityUnavailable",
                "Insufficient",
            ),
            ("LaunchFailed", "Server.InsufficientInstanceCapacity", "CapacityUnavailable", "Insufficient"),
            ("InstanceNotReady", "Client.UserInitiatedShutdown", "LaunchFailed", "why"),
            ("CommandFailed", "Server.SpotInstanceTermination", "CommandFailed", "why"),
        ] {
            let mut world = gone();
            world.instances[0].state_reason = Some(fate.to_owned());
            let state = json!({ "instance": launched(), "error": { "Error": error, "Cause": report } });
            let outcome = stop(state, &world).await;
            assert_eq!(outcome["status"], status, "{error} {fate}");
            let told = outcome["attempts"][0]["reason"].as_str().unwrap();
            assert!(told.contains(reason), "{told}");
        }
    }

    #[tokio::test]
    async fn an_instance_that_nobody_recorded_is_found_by_its_tags() {
        let outcome = stop(json!({ "error": { "Error": "States.Timeout", "Cause": null } }), &gone()).await;
        assert_eq!(outcome["attempts"][0]["instances"], json!(["i-1"]));
        assert!(outcome["attempts"][0]["exit_code"].is_null());
    }

    #[tokio::test]
    async fn a_launched_instance_that_is_not_visible_yet_is_waited_for() {
        let nothing = World::default();
        for (launched_at, done) in [("2026-03-01T05:59:30Z", false), ("2026-03-01T05:31:00Z", true)] {
            let mut state = json!({ "instance": launched() });
            state["instance"]["launched_at"] = launched_at.into();
            let answer = handle(payload(&state, 60), &deployment(), &nothing, &nothing, &nothing).await;
            assert_eq!(answer.is_ok(), done, "{launched_at}");
        }
    }

    #[tokio::test]
    async fn after_a_lost_launch_nothing_is_believed_before_an_instance_would_be_visible() {
        let lost = json!({ "error": { "Error": "ServiceUnavailable", "Cause": "{}" } });
        let refused = json!({ "error": { "Error": "LaunchFailed", "Cause": "{}" } });
        let tags = Tags::from([
            (tags::EXECUTION.to_owned(), "arn:x".to_owned()),
            (tags::ATTEMPT.to_owned(), "7".to_owned()),
            (tags::DEPLOYMENT.to_owned(), "test".to_owned()),
        ]);
        let of_another_attempt = instance("i-7", InstanceState::Stopped, tags);
        let world = World { instances: vec![of_another_attempt], ..World::default() };
        for (state, waited_s, settled) in
            [(&lost, 0, false), (&lost, 44, false), (&lost, 45, true), (&refused, 0, true)]
        {
            let result = handle(payload(state, waited_s), &deployment(), &world, &world, &world).await;
            assert_eq!(result.is_ok(), settled, "{state} {waited_s}");
        }
    }

    #[tokio::test]
    async fn what_was_launched_is_ended_where_it_was_launched_whatever_becomes_of_the_document() {
        let tags = Tags::from([
            (tags::EXECUTION.to_owned(), "arn:x".to_owned()),
            (tags::DEPLOYMENT.to_owned(), "test".to_owned()),
            (tags::ON_END.to_owned(), "terminate".to_owned()),
        ]);
        let world =
            World { instances: vec![instance("i-1", InstanceState::Running, tags)], ..World::default() };
        let mut payload = payload(
            &json!({ "instance": launched(), "error": { "Error": "CommandFailed", "Cause": "{}" } }),
            0,
        );
        payload["state"]["document"]["region"] = json!("eu-north-1");
        handle(payload, &deployment(), &world, &world, &world).await.unwrap();
        assert_eq!(world.calls(), ["TerminateInstances i-1"]);
    }

    #[tokio::test]
    async fn a_refused_document_is_told_and_nothing_is_touched() {
        let mut payload = payload(&json!({ "error": { "Error": "InvalidExecution", "Cause": "{}" } }), 0);
        payload["state"]["document"] = json!({});
        let world = World::default();
        let outcome = handle(payload, &deployment(), &world, &world, &world).await.unwrap();
        assert_eq!((&outcome["status"], &outcome["next"]), (&json!("InvalidExecution"), &json!("succeed")));
        assert_eq!(world.calls(), Vec::<String>::new());
    }
}
