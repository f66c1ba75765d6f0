//! One simulated execution, from its start to its end, or to where the plan cuts it short.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ec2_ops_asl::Ending;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use super::fault_kind::FaultKind;
use super::faults::Faults;
use super::plan::{Abort, BUCKET, Scenario};
use ec2_ops_sandbox::ec2::api::InstanceStateName::{Pending, Running};
use ec2_ops_sandbox::stepfunctions::api::{StartExecutionRequest, StopExecutionRequest};
use ec2_ops_sandbox::{Account, AwsError};

/// How long one attempt may take beyond its commands, in virtual time.
const ATTEMPT_OVERHEAD: Duration = Duration::from_hours(3);
/// How long after an end from outside a calm account may still have something running.
const PROMPT: Duration = Duration::from_mins(8);

/// An execution to be.
pub(crate) struct Run {
    pub(crate) account: Account,
    pub(crate) state_machine: String,
    pub(crate) name: String,
    pub(crate) scenario: Scenario,
    /// The state machine's own limit, where it is short enough to matter.
    pub(crate) machine_timeout: Option<Duration>,
    /// How many launches of it EC2 has got.
    pub(crate) launches: watch::Receiver<usize>,
    pub(crate) faults: Arc<Faults>,
}

/// An execution as it went.
pub(crate) struct Lived {
    pub(crate) arn: String,
    /// Whether it ended within its bound of virtual time.
    pub(crate) in_time: bool,
    /// Whether something was running too long after an end from outside, in a calm account.
    pub(crate) left_running: bool,
    /// Whether something was running when it ended by itself.
    pub(crate) ended_too_soon: bool,
}

/// How long one attempt may take, in virtual time.
pub(crate) fn bound_of_one(scenario: &Scenario) -> Duration {
    scenario.limit() + ATTEMPT_OVERHEAD
}

impl Run {
    /// Lives it, until it is over and nothing more is to be seen of its end.
    pub(crate) async fn live(self) -> Result<Lived, AwsError> {
        let Scenario { document, starts_after, .. } = &self.scenario;
        if self.scenario.stale_output {
            self.account.s3.put_object(BUCKET, &self.scenario.key, "of yesterday")?;
        }
        sleep(*starts_after + Duration::from_secs(2)).await;
        let request = StartExecutionRequest {
            state_machine_arn: self.state_machine.clone(),
            name: Some(self.name.clone()),
            input: Some(document.to_string()),
        };
        let arn = self.account.stepfunctions.start_execution(request)?.execution_arn;
        let ended_too_soon = self.watch_end(&arn);
        self.faults.note(|| format!("{}: started with {document}", self.name));
        if self.scenario.is_elsewhere() {
            self.faults.count(FaultKind::OtherRegion);
        }
        let left_running = tokio::select! {
            biased;
            left_running = self.left_running_when_cut_short(&arn) => left_running?,
            ended = self.ends(&arn) => { ended?; false }
        };
        // Without a control plane it may never end.
        let in_time = self.faults.dark_ahead() || self.ends(&arn).await?;
        self.faults.note(|| format!("{}: {}", self.name, told(&self.account, &arn)));
        Ok(Lived { arn, in_time, left_running, ended_too_soon: ended_too_soon.load(Ordering::Relaxed) })
    }

    /// Looks in the very moment in which the execution ends by itself, before any other net can help.
    fn watch_end(&self, arn: &str) -> Arc<AtomicBool> {
        let too_soon = Arc::new(AtomicBool::new(false));
        let (account, image, arn) = (self.account.clone(), self.scenario.image.clone(), arn.to_owned());
        let noted = Arc::clone(&too_soon);
        self.account.platform.events.subscribe(move |event| {
            let ours = event.detail["executionArn"] == arn;
            if ours && matches!(event.detail["status"].as_str(), Some("SUCCEEDED" | "FAILED")) {
                noted.store(is_alive(&account, &image), Ordering::Relaxed);
            }
        });
        too_soon
    }

    /// Whether it ends within its bound.
    async fn ends(&self, arn: &str) -> Result<bool, AwsError> {
        let bound = bound_of_one(&self.scenario) * self.scenario.attempts;
        let looks = 40;
        for _ in 0..looks {
            if !is_running(&self.account, arn)? {
                return Ok(true);
            }
            sleep(bound / looks).await;
        }
        Ok(!is_running(&self.account, arn)?)
    }

    /// Waits for an end from outside, if need be for good. Answers whether that left something running for too long.
    async fn left_running_when_cut_short(&self, arn: &str) -> Result<bool, AwsError> {
        let left_alive = match self.machine_timeout {
            None => self.abort(arn).await?,
            Some(limit) => {
                let margin = Duration::from_secs(1);
                match tokio::time::timeout(limit.saturating_sub(margin), self.abort(arn)).await {
                    Ok(aborted) => aborted?,
                    Err(_) => self.time_out(arn, margin).await?,
                }
            }
        };
        let withstands = self.scenario.lives.iter().any(|life| life.resists_for.is_some());
        if !left_alive || withstands || !self.faults.calm() {
            return Ok(false);
        }
        sleep(PROMPT).await;
        Ok(self.is_alive())
    }

    /// Aborts the execution when the plan says so, if it ever does. Answers whether that left an instance alive.
    async fn abort(&self, arn: &str) -> Result<bool, AwsError> {
        let kind = match self.scenario.abort {
            None => std::future::pending().await,
            Some(Abort::After(delay)) => {
                sleep(delay).await;
                FaultKind::Abort
            }
            Some(Abort::InLaunch(nth, delay)) => {
                if self.launches.clone().wait_for(|launches| *launches >= nth).await.is_err() {
                    return Ok(false);
                }
                sleep(delay).await;
                if nth == 1 { FaultKind::AbortInLaunch } else { FaultKind::AbortInLaterLaunch }
            }
        };
        if !is_running(&self.account, arn)? {
            return Ok(false);
        }
        self.faults.count(kind);
        self.faults.note(|| format!("{}: {kind:?}", self.name));
        let alive = self.is_alive();
        let request = StopExecutionRequest { execution_arn: arn.to_owned(), error: None, cause: None };
        self.account.stepfunctions.stop_execution(&request)?;
        Ok(alive)
    }

    /// Sees the state machine's own time run out, `margin` from now. Answers whether that left an instance alive.
    async fn time_out(&self, arn: &str, margin: Duration) -> Result<bool, AwsError> {
        let alive = self.is_alive();
        sleep(margin * 2).await;
        let timed_out = matches!(ending(&self.account, arn)?, Some(Ending::TimedOut));
        if timed_out {
            self.faults.count(FaultKind::MachineTimeout);
            self.faults.note(|| format!("{}: MachineTimeout", self.name));
        }
        Ok(timed_out && alive)
    }

    fn is_alive(&self) -> bool {
        is_alive(&self.account, &self.scenario.image)
    }
}

/// Whether an instance of `image` costs money.
fn is_alive(account: &Account, image: &str) -> bool {
    let mut instances = account.ec2.instances().into_iter();
    instances.any(|record| record.instance.image_id == image && matches!(record.state(), Pending | Running))
}

fn is_running(account: &Account, arn: &str) -> Result<bool, AwsError> {
    ending(account, arn).map(|ending| ending.is_none())
}

/// How the execution ended, if it has.
pub(crate) fn ending(account: &Account, arn: &str) -> Result<Option<Ending>, AwsError> {
    Ok(account.stepfunctions.execution(arn)?.history().ending().map(|(ending, _)| ending))
}

/// The outcome that an execution tells, as JSON; null where there is nobody to tell it.
pub(crate) fn outcome(ending: &Ending) -> Value {
    match ending {
        Ending::Succeeded { output } => output["outcome"].clone(),
        Ending::Failed(failure) => {
            let cause = failure.cause.as_deref().unwrap_or_default();
            serde_json::from_str(cause).unwrap_or_else(|_| json!({ "unreadable": cause }))
        }
        Ending::TimedOut | Ending::Aborted(_) => Value::Null,
    }
}

fn told(account: &Account, arn: &str) -> String {
    match ending(account, arn) {
        Ok(Some(ending)) => format!("{} {}", ending.status(), outcome(&ending)),
        _ => "does not end".to_owned(),
    }
}
