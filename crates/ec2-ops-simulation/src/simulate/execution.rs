//! One simulated execution, from its start to its end, or to its end from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ec2_ops::ids::StateMachineId;
use ec2_ops_asl::Ending;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::faults::{FaultKind, Faults};
use crate::harness::executions::{end_of, ending, outcome, redrive, start, stop};
use crate::invariants::{Aftermath, ExecutionRecord};
use crate::schedule::{Abort, BUCKET, InputScenario, Scenario};
use ec2_ops_sandbox::ec2::api::InstanceStateName::{Pending, Running};
use ec2_ops_sandbox::{Account, AwsError};

/// How long one attempt may take beyond its commands, in virtual time.
const ATTEMPT_OVERHEAD: Duration = Duration::from_hours(3);
/// How long an instance may run after an end from outside, in an account without other faults.
const PROMPT: Duration = Duration::from_mins(8);
/// How often an execution is looked at until it has ended, at most.
const LOOKS: u32 = 40;

/// An execution that is yet to be carried out.
pub(super) struct Run {
    pub(super) account: Account,
    pub(super) state_machine: String,
    pub(super) name: String,
    pub(super) scenario: Scenario,
    /// The state machine's own limit, if it is short enough to matter.
    pub(super) machine_timeout: Option<Duration>,
    /// How many launches of it EC2 has received.
    pub(super) launches: watch::Receiver<usize>,
    pub(super) faults: Arc<Faults>,
}

/// How long one attempt may take, in virtual time.
pub(super) fn bound_of_one(scenario: &Scenario) -> Duration {
    scenario.limit() + ATTEMPT_OVERHEAD
}

impl Run {
    /// Carries it out, until it has ended and everything that its end is checked for has been seen.
    pub(super) async fn carry_out(self) -> Result<ExecutionRecord, AwsError> {
        let Scenario { document, starts_after, .. } = &self.scenario;
        self.leave_stale_output()?;
        sleep(*starts_after + Duration::from_secs(2)).await;
        self.provide_input();
        let arn = start(&self.account, &self.state_machine, Some(self.name.clone()), document)?;
        self.follow(arn).await
    }

    /// The same for a row, which its fleet starts, or not until it `is_over`. `started` has all executions that were started.
    pub(super) async fn carry_out_in_fleet(
        mut self,
        mut started: watch::Receiver<Vec<String>>,
        mut is_over: watch::Receiver<bool>,
    ) -> Result<Option<ExecutionRecord>, AwsError> {
        let arn = StateMachineId::new(self.state_machine.as_str()).execution(&self.name).to_string();
        let begins = tokio::select! {
            biased;
            begins = started.wait_for(|started| started.contains(&arn)) => begins.is_ok(),
            _ = is_over.wait_for(|is_over| *is_over) => false,
        };
        if !begins {
            return Ok(None);
        }
        self.provide_input();
        // The fleet has counted how the row ended.
        self.scenario.redrive = None;
        let mut record = self.follow(arn).await?;
        let aborted = matches!(ending(&self.account, &record.arn)?, Some(Ending::Aborted(_)));
        if aborted && self.runs_on().await {
            record.aftermath = Aftermath::LeftRunning;
        }
        Ok(Some(record))
    }

    /// Leaves the object of an earlier run where the output belongs. S3's times have whole seconds, so it has to be seconds older
    /// than the execution.
    pub(super) fn leave_stale_output(&self) -> Result<(), AwsError> {
        if self.scenario.stale_output {
            self.account.s3.put_object(BUCKET, &self.scenario.key, "of yesterday")?;
        }
        Ok(())
    }

    /// Follows the execution until it has ended and everything that its end is checked for has been seen.
    async fn follow(&self, arn: String) -> Result<ExecutionRecord, AwsError> {
        let document = &self.scenario.document;
        let ended_too_soon = self.watch_end(&arn);
        self.faults.note(|| format!("{}: started with {document}", self.name));
        if self.scenario.is_elsewhere() {
            self.faults.count(FaultKind::OtherRegion);
        }
        let ended_from_outside = tokio::select! {
            biased;
            left_alive = self.ended_from_outside(&arn) => Some(left_alive?),
            ended = self.ends(&arn) => { ended?; None }
        };
        let aftermath = match ended_from_outside {
            Some(_) if self.redrive(&arn).await? => Aftermath::Redriven,
            Some(true) if self.runs_on().await => Aftermath::LeftRunning,
            _ => Aftermath::CleanedUp,
        };
        // Without a control plane it may never end.
        let in_time = self.faults.dark_ahead() || self.ends(&arn).await?;
        self.faults.note(|| format!("{}: {}", self.name, summary(&self.account, &arn)));
        let ended_too_soon = ended_too_soon.load(Ordering::Relaxed);
        Ok(ExecutionRecord { arn, in_time, aftermath, ended_too_soon })
    }

    /// Puts the input into its bucket in its time.
    fn provide_input(&self) {
        let Some(InputScenario { key, appears_after, .. }) = self.scenario.input.clone() else { return };
        if appears_after != Some(Duration::ZERO) {
            self.faults.count(FaultKind::InputLate);
        }
        let s3 = Arc::clone(&self.account.s3);
        let put = move || drop(s3.put_object(BUCKET, &key, "input"));
        match appears_after {
            Some(Duration::ZERO) => put(),
            Some(delay) => drop(tokio::spawn(async move {
                sleep(delay).await;
                put();
            })),
            None => {}
        }
    }

    /// Looks for instances at the moment at which the execution ends by itself, before any other safety net can help.
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
        timeout(bound, end_of(&self.account, arn, bound / LOOKS))
            .await
            .map_or(Ok(false), |end| end.map(|_| true))
    }

    /// Waits for an end from outside, if need be for ever. Answers whether that left an instance alive.
    async fn ended_from_outside(&self, arn: &str) -> Result<bool, AwsError> {
        let Some(limit) = self.machine_timeout else { return self.abort(arn).await };
        let margin = Duration::from_secs(1);
        match timeout(limit.saturating_sub(margin), self.abort(arn)).await {
            Ok(aborted) => aborted,
            Err(_) => self.time_out(arn, margin).await,
        }
    }

    /// Redrives the execution some time after it was ended from outside, if its scenario says so.
    async fn redrive(&self, arn: &str) -> Result<bool, AwsError> {
        let Some(delay) = self.scenario.redrive else { return Ok(false) };
        if !matches!(ending(&self.account, arn)?, Some(Ending::Aborted(_) | Ending::TimedOut)) {
            return Ok(false);
        }
        sleep(delay).await;
        redrive(&self.account, arn)?;
        self.faults.count(FaultKind::Redrive);
        self.faults.note(|| format!("{}: Redrive", self.name));
        Ok(true)
    }

    /// Whether an instance still runs some time after an end from outside, with nothing else wrong.
    async fn runs_on(&self) -> bool {
        let resists = self.scenario.instances.iter().any(|instance| instance.resists_for.is_some());
        if resists || !self.faults.calm() {
            return false;
        }
        sleep(PROMPT).await;
        self.is_alive()
    }

    /// Aborts the execution when its scenario says so, or waits for ever. Answers whether that left an instance alive.
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
        if ending(&self.account, arn)?.is_some() {
            return Ok(false);
        }
        self.faults.count(kind);
        self.faults.note(|| format!("{}: {kind:?}", self.name));
        let alive = self.is_alive();
        stop(&self.account, arn)?;
        Ok(alive)
    }

    /// Waits for the state machine's own timeout, which comes `margin` from now. Answers whether it left an instance alive.
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

fn summary(account: &Account, arn: &str) -> String {
    match ending(account, arn) {
        Ok(Some(ending)) => format!("{} {}", ending.status(), outcome(&ending)),
        _ => "does not end".to_owned(),
    }
}
