//! One execution under a plan of faults, twice: in process and in virtual time, and over HTTP with the real functions.
//!
//! Both are observed in the same way and checked against the same promises, so that results of the simulation hold for the
//! deployed functions.

mod in_process;
mod observed;
mod over_http;

use std::sync::Arc;
use std::time::Duration;

use ec2_ops::Status;
use ec2_ops_asl::Details;
use serde_json::{Value, json};

pub use observed::{Attempt, Observed};

use crate::faults::Mix;
use crate::harness::executions;
use crate::invariants::{Aftermath, ExecutionRecord};
use crate::safeguards::{Safeguard, template};
use crate::schedule::{Abort, InstanceScenario, Scenario, Schedule};
use ec2_ops_sandbox::deployment::{SWEEP_EVERY, Template};
use ec2_ops_sandbox::fault_plan::{Fault, FaultPlan};
use ec2_ops_sandbox::{Account, AwsError, Conditions};

/// The bucket that the commands write to.
pub const BUCKET: &str = crate::schedule::BUCKET;

const IMAGE: &str = "ami-0123456789abcdef0";
/// Where the commands leave a trace, once at each start and once at each end: `starts/ATTEMPT/INSTANCE/NANOSECONDS`.
const STARTS: &str = "starts";
const ENDS: &str = "ends";
/// The output that the document promises.
const OUTPUT: &str = "out/result";
/// The limit on the commands; no trial's commands reach it.
const TIMEOUT_S: u32 = 60;

/// An execution, and what goes wrong with it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What is tried, as a clause.
    pub name: &'static str,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// `ii_terminate_instance`.
    pub terminate: bool,
    /// `ii_delete_volume`, on a volume that outlives its instance.
    pub delete_volume: bool,
    /// What the document promises.
    pub output: Output,
    /// What the commands exit with.
    pub exit_code: i32,
    /// How long they run.
    pub runs_for: Duration,
    /// Whether the script's claim on its attempt lasts: these commands may remove it.
    pub keeps_claim: bool,
    /// `n_retries_allowed` and one.
    pub attempts: u32,
    /// The types that are tried, in order.
    pub instance_types: &'static [&'static str],
    /// The status of every attempt.
    pub status: Status,
    /// From `SendCommand` until `ListCommands` knows of it.
    pub listed_after: Duration,
    /// How long a function may run.
    pub function_timeout: Duration,
    /// How often the sweeper looks.
    pub sweep_every: Duration,
    /// A safeguard of the deployment (its state machine, its rules) to take away.
    pub without: Option<Safeguard>,
}

/// What the document promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// An object.
    Key,
    /// Any object under a prefix.
    Prefix,
}

impl Default for Trial {
    fn default() -> Self {
        Self {
            name: "",
            faults: Vec::new(),
            terminate: true,
            delete_volume: true,
            output: Output::Key,
            exit_code: 0,
            runs_for: Duration::from_secs(2),
            keeps_claim: true,
            attempts: 1,
            instance_types: &["t4g.nano"],
            status: Status::Succeeded,
            listed_after: Duration::ZERO,
            function_timeout: Duration::from_mins(1),
            sweep_every: SWEEP_EVERY,
            without: None,
        }
    }
}

impl Trial {
    /// The conditions under which a sandbox must be started for this trial.
    ///
    /// # Errors
    /// If the deployment has no such safeguard.
    pub fn conditions(&self) -> Result<Conditions, String> {
        let template = template(self.without, None).map_err(|error| error.to_string())?;
        Ok(Conditions {
            template: Template {
                function_timeout: self.function_timeout,
                sweep_every: template.sweep_every.map(|_| self.sweep_every),
                ..template
            },
            listed_after: self.listed_after,
            faults: FaultPlan::new(self.faults.iter().copied()),
        })
    }

    fn document(&self) -> Value {
        let output = match self.output {
            Output::Key => json!({ "bucket": BUCKET, "key": OUTPUT }),
            Output::Prefix => json!({ "bucket": BUCKET, "prefix": "out" }),
        };
        json!({
            "commands": self.commands(),
            "run_options": {
                "ii_terminate_instance": self.terminate,
                "ii_delete_volume": self.delete_volume,
                "ii_check_s3": output,
                "timeout_s": TIMEOUT_S,
                "n_retries_allowed": self.attempts - 1,
            },
            "instance_parameters": {
                "ImageId": IMAGE,
                "InstanceType": self.instance_types,
                "BlockDeviceMappings": [
                    { "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 8, "DeleteOnTermination": !self.delete_volume } },
                ],
            },
        })
    }

    /// Commands that leave a trace in the bucket as they start and as they end. The directory
    /// of the commands' file is named after the attempt.
    fn commands(&self) -> Vec<String> {
        let trace = |what: &str| {
            let key = "$(basename \"${0%/*}\")/$AWS_SSM_INSTANCE_ID/$(date +%s%N)";
            format!("date | aws s3 cp - \"s3://{BUCKET}/{what}/{key}\"")
        };
        let lose_claim = (!self.keeps_claim).then(|| "rm -r ~/.ec2-ops".to_owned());
        let work = [
            trace(STARTS),
            format!("sleep {}", self.runs_for.as_secs_f64()),
            format!("date | aws s3 cp - s3://{BUCKET}/{OUTPUT}"),
            trace(ENDS),
            format!("exit {}", self.exit_code),
        ];
        lose_claim.into_iter().chain(work).collect()
    }

    /// The same as a schedule in which nothing else goes wrong.
    fn schedule(&self) -> Arc<Schedule> {
        let instance = InstanceScenario {
            agent_after: Some(Duration::from_millis(300)),
            runs_for: self.runs_for,
            exit_code: self.exit_code,
            writes_output: true,
            holds_output_open: false,
            claim_holds: self.keeps_claim,
            tags_edited: false,
            fault: None,
            resists_for: None,
        };
        let aborted = self.faults.iter().any(|fault| matches!(fault, Fault::Abort { .. }));
        let scenario = Scenario {
            image: IMAGE.to_owned(),
            key: OUTPUT.to_owned(),
            document: self.document(),
            timeout_s: TIMEOUT_S,
            attempts: self.attempts,
            checked: true,
            input: None,
            stale_output: false,
            starts_after: Duration::ZERO,
            abort: aborted.then_some(Abort::After(Duration::ZERO)),
            redrive: None,
            instances: vec![instance],
        };
        let mut mix = Mix::calm();
        if self.status == Status::LaunchFailed {
            // The plan refuses the launch.
            mix.capacity = 1.0;
        }
        Arc::new(Schedule {
            mix,
            planned: !self.faults.iter().all(|fault| matches!(fault, Fault::Abort { .. })),
            visible_after: Duration::ZERO,
            listed_after: self.listed_after,
            slow_end: None,
            machine_timeout: None,
            other_region: false,
            orphan: false,
            executions: vec![scenario],
        })
    }

    /// Starts the execution, stops it where the plan says so, and follows it to its end.
    async fn follow(
        &self,
        account: &Account,
        state_machine: &str,
        faults: &FaultPlan,
        patience: Duration,
    ) -> Result<ExecutionRecord, AwsError> {
        /// How often to look.
        const LOOK: Duration = Duration::from_millis(5);
        let arn = executions::start(account, state_machine, None, &self.document())?;
        let execution = account.stepfunctions.execution(&arn)?;
        let (mut seen, mut waited) = (0, Duration::ZERO);
        while execution.history().ending().is_none() && waited < patience {
            let events = execution.history().events();
            for event in &events[seen..] {
                if let Details::StateEntered { name, .. } = &event.details
                    && faults.aborts(name)
                {
                    executions::stop(account, &arn)?;
                }
            }
            seen = events.len();
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        let in_time = execution.history().ending().is_some();
        Ok(ExecutionRecord { arn, in_time, aftermath: Aftermath::CleanedUp, ended_too_soon: false })
    }
}
