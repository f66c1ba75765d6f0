//! A fleet: the executions of a schedule as the rows of one, and a second run for the rows that failed in the first.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ec2_ops::fleet::{Records, Summary, execution_name};
use ec2_ops::ids::StateMachineId;
use ec2_ops_asl::Execution;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::execution::{Run, bound_of_one};
use crate::faults::{FaultKind, Faults};
use crate::harness::executions::{ending, outcome, start, stop};
use crate::invariants::{ExecutionRecord, FleetRecord, FleetRunRecord};
use crate::schedule::{BUCKET, FleetPlan, FleetStop};
use ec2_ops_sandbox::{Account, AwsError};

/// The name of the fleet.
pub(super) const NAME: &str = "fleet";
/// How long Step Functions may take to stop the executions of a fleet that was stopped.
const STOPPING: Duration = Duration::from_mins(1);

/// A fleet that is yet to be carried out.
pub(super) struct Fleet {
    pub(super) account: Account,
    /// The state machine of the executions.
    pub(super) state_machine: String,
    pub(super) plan: FleetPlan,
    pub(super) faults: Arc<Faults>,
}

/// What was recorded of the executions of the schedule, in its order, and of the fleet.
type Recorded = (Vec<Option<ExecutionRecord>>, FleetRecord);

impl Fleet {
    /// Carries out both runs. `rows` are the executions of the first, and then those of the second.
    pub(super) async fn carry_out(self, mut rows: Vec<Run>) -> Result<Recorded, String> {
        let again = rows.split_off(rows.len() / 2);
        let watch = Watch::begin(&self.account, &self.state_machine);
        let all: Vec<_> = (0..self.plan.rows).collect();
        let mut executions = Vec::new();
        let mut runs = Vec::new();
        let mut planned = all.clone();
        for (number, rows) in [(1, rows), (2, again)] {
            // A control plane that is gone for good ends nothing.
            if planned.is_empty() || (number == 2 && self.faults.dark_ahead()) {
                executions.extend(rows.iter().map(|_| None));
                continue;
            }
            let (recorded, run) =
                self.run(number, &planned, rows, &watch).await.map_err(|error| error.to_string())?;
            executions.extend(recorded);
            planned = self.records(&run, &all).map_err(|error| error.to_string())?;
            runs.push(run);
        }
        Ok((executions, FleetRecord { at_once: self.plan.at_once, machine: self.state_machine, runs }))
    }

    /// Starts a run of the rows `planned`, and follows it and its rows to their ends.
    async fn run(
        &self,
        number: u32,
        planned: &[u32],
        rows: Vec<Run>,
        watch: &Watch,
    ) -> Result<(Vec<Option<ExecutionRecord>>, FleetRunRecord), AwsError> {
        let (planned_rows, bound) = self.prepare(number, planned, &rows)?;
        sleep(Duration::from_secs(2)).await;
        let before = watch.started().borrow().len();
        watch.most.send_replace(0);
        let started = self.account.platform.clock.now();
        let name = if number == 1 { NAME.to_owned() } else { format!("{NAME}-again-{number}") };
        let machine = format!("{}-fleet", self.state_machine);
        let arn = start(&self.account, &machine, Some(name), &planned_rows)?;
        self.faults.note(|| format!("run {number} of the fleet: started with rows {planned:?}"));
        let (over, is_over) = watch::channel(false);
        let tasks: Vec<_> = rows
            .into_iter()
            .map(|row| tokio::spawn(row.carry_out_in_fleet(watch.started(), is_over.clone())))
            .collect();
        let execution = self.account.stepfunctions.execution(&arn)?;
        let stopped = tokio::select! {
            biased;
            () = execution.history().ended() => false,
            () = self.stop_when_planned(number, watch.started(), before) => {
                self.faults.count(FaultKind::FleetStopped);
                self.faults.note(|| format!("run {number} of the fleet: stopped"));
                stop(&self.account, &arn)?;
                true
            }
        };
        let in_time = timeout(bound, execution.history().ended()).await.is_ok() || self.faults.dark_ahead();
        self.faults.note(|| format!("run {number} of the fleet: {}", summary_text(&execution)));
        sleep(STOPPING).await;
        let still_running = watch.running();
        // As `ec2-ops fleet stop` does.
        for arn in &still_running {
            stop(&self.account, arn)?;
        }
        over.send_replace(true);
        let mut executions = Vec::new();
        for task in tasks {
            let record = task.await.map_err(|error| AwsError::server("Row", error.to_string()))?;
            executions.push(record?);
        }
        let run = FleetRunRecord {
            number,
            arn,
            planned: planned.to_vec(),
            started,
            in_time,
            stopped,
            fail_fast: self.plan.fail_fast,
            most_at_once: *watch.most.borrow(),
            still_running: still_running.len(),
            start_lost: self.faults.counts().contains_key(&FaultKind::StartLost),
            gone: self.faults.dark_ahead(),
        };
        Ok((executions, run))
    }

    /// Puts the rows of a run into their bucket. Answers with the input of the run, and with how long it may take.
    fn prepare(&self, number: u32, planned: &[u32], rows: &[Run]) -> Result<(Value, Duration), AwsError> {
        let mut lines = String::new();
        let mut bound = Duration::from_hours(12);
        for (row, run) in (0..).zip(rows) {
            bound += bound_of_one(&run.scenario) * run.scenario.attempts * 2;
            run.leave_stale_output()?;
            if planned.contains(&row) {
                let mut document = run.scenario.document.clone();
                document["row"] = row.into();
                lines.extend([document.to_string(), "\n".to_owned()]);
            }
        }
        let key = format!("rows-{number}.jsonl");
        self.account.s3.put_object(BUCKET, &key, lines.into_bytes())?;
        let mut input = json!({
            "fleet": NAME,
            "run": number,
            "rows": { "bucket": BUCKET, "key": key },
            "max_concurrency": self.plan.at_once,
        });
        if self.plan.fail_fast {
            input["tolerated_failure_percentage"] = 0.into();
        }
        Ok((input, bound))
    }

    /// Waits until the run `number` is to be stopped, if need be for ever. `before` executions were started earlier.
    async fn stop_when_planned(&self, number: u32, mut started: watch::Receiver<Vec<String>>, before: usize) {
        let planned = self.plan.stops[usize::from(number > 1)];
        match planned {
            Some(FleetStop::After(delay)) => sleep(delay).await,
            Some(FleetStop::AfterRow(nth, delay)) => {
                if started.wait_for(|started| started.len() >= before + nth).await.is_err() {
                    std::future::pending::<()>().await;
                }
                sleep(delay).await;
            }
            None => std::future::pending().await,
        }
    }

    /// The rows to run again after `run`, as `ec2-ops fleet again` finds them.
    fn records(&self, run: &FleetRunRecord, all: &[u32]) -> Result<Vec<u32>, AwsError> {
        let mut records = Records::of(all.iter().copied());
        let execution = self.account.stepfunctions.execution(&run.arn)?;
        let asked = match summary(&self.account, &execution) {
            Some(summary) => records.note_summary(run.number, run.planned.iter().copied(), &summary),
            None => run.planned.clone(),
        };
        for row in asked {
            if let Some(standing) = self.standing(row, run.number) {
                records.note(run.number, row, &standing);
            }
        }
        Ok(records.unsuccessful().map(|(row, _)| row).collect())
    }

    /// How the execution of `row` in the run `number` stands, if there is one.
    fn standing(&self, row: u32, number: u32) -> Option<String> {
        let machine = StateMachineId::new(self.state_machine.as_str());
        let arn = machine.execution(&execution_name(NAME, row, number));
        let ended = ending(&self.account, arn.as_str()).ok()?;
        Some(ended.map_or_else(
            || "Running".to_owned(),
            |ended| {
                outcome(&ended)["status"].as_str().map_or_else(|| ended.status().to_owned(), str::to_owned)
            },
        ))
    }
}

/// The summary that RunChecker has written for a run that came to its end.
pub(crate) fn summary(account: &Account, execution: &Execution) -> Option<Summary> {
    let section = crate::invariants::section(execution)?;
    let (bucket, key) = section["summary"].as_str()?.strip_prefix("s3://")?.split_once('/')?;
    serde_json::from_slice(&account.s3.get_object(bucket, key).ok()?.body).ok()
}

fn summary_text(execution: &Execution) -> String {
    let status = execution.history().ending().map_or("does not end", |(ending, _)| ending.status());
    format!("{status} {}", crate::invariants::section(execution).unwrap_or_default())
}

/// Watches the starts of executions of one state machine.
struct Watch {
    account: Account,
    started: watch::Sender<Vec<String>>,
    /// The most that ran at once, since it was last reset.
    most: Arc<watch::Sender<usize>>,
    running: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    fn begin(account: &Account, state_machine: &str) -> Self {
        let (started, most) = (watch::Sender::new(Vec::new()), Arc::new(watch::Sender::new(0)));
        let running: Arc<Mutex<Vec<String>>> = Arc::default();
        let watch = Self {
            account: account.clone(),
            started: started.clone(),
            most: most.clone(),
            running: running.clone(),
        };
        let (stepfunctions, machine) = (account.stepfunctions.clone(), state_machine.to_owned());
        account.platform.events.subscribe(move |event| {
            let detail = &event.detail;
            let Some(arn) = detail["executionArn"].as_str().map(str::to_owned) else { return };
            if detail["stateMachineArn"] != machine.as_str() || detail["status"] != "RUNNING" {
                return;
            }
            let mut running = ec2_ops_sandbox::lock(&running);
            running.push(arn.clone());
            running.retain(|arn| {
                stepfunctions.execution(arn).is_ok_and(|execution| execution.history().ending().is_none())
            });
            most.send_modify(|most| *most = (*most).max(running.len()));
            started.send_modify(|started| started.push(arn));
        });
        watch
    }

    /// The ARNs of all executions that have been started, in order.
    fn started(&self) -> watch::Receiver<Vec<String>> {
        self.started.subscribe()
    }

    /// The executions that run.
    fn running(&self) -> Vec<String> {
        let mut running = ec2_ops_sandbox::lock(&self.running);
        running.retain(|arn| matches!(ending(&self.account, arn), Ok(None)));
        running.clone()
    }
}
