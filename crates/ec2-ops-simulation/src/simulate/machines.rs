//! Instances of the simulation: each lives the life that the plan has for it, and what really happened is kept.

mod fates;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::fault_kind::{Fate, FaultKind};
use super::faults::Faults;
use super::plan::{BUCKET, Life, Plan, Since};
use ec2_ops_sandbox::MachineEvent;
use ec2_ops_sandbox::ec2::{Hypervisor, InstanceFacts};
use ec2_ops_sandbox::lock;
use ec2_ops_sandbox::ssm::{EndStatus, Runner, Script, ScriptEnd};
use ec2_ops_sandbox::{Account, Clock};

/// What really became of a script.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) instance: String,
    /// The attempt's fingerprint.
    pub(crate) comment: String,
    command: String,
    /// How it ended, if it did before its machine.
    pub(crate) ended: Option<ScriptEnd>,
    pub(crate) wrote_output: bool,
    /// Copies that follow this one.
    followers: Vec<String>,
}

impl Ran {
    /// What was seen of a script that ran somewhere else.
    pub(crate) fn seen(instance: &str, comment: &str, ended: Option<ScriptEnd>, wrote_output: bool) -> Self {
        let (instance, comment) = (instance.to_owned(), comment.to_owned());
        Self { instance, comment, command: String::new(), ended, wrote_output, followers: Vec::new() }
    }
}

struct Machine {
    scenario: usize,
    life: Life,
    /// Counts power cycles: what was started in another one is over.
    cycle: u64,
    on: bool,
    agent_dead: bool,
    /// Whether fate has struck, once for all cycles.
    struck: bool,
    /// When EC2 first refused to end it.
    refused: Option<Timestamp>,
}

#[derive(Default)]
struct State {
    machines: HashMap<String, Machine>,
    /// How many instances each scenario has had.
    launched: HashMap<usize, usize>,
    runs: Vec<Ran>,
    /// What has befallen which instance.
    struck: HashMap<String, Fate>,
}

/// The machines of one simulated account.
pub(crate) struct SimMachines {
    plan: Arc<Plan>,
    claims: bool,
    clock: Clock,
    faults: Arc<Faults>,
    events: mpsc::UnboundedSender<MachineEvent>,
    /// The account that the machines belong to, as long as it lives.
    account: Mutex<Option<Account>>,
    state: Mutex<State>,
    this: std::sync::Weak<Self>,
}

impl SimMachines {
    pub(crate) fn new(
        plan: Arc<Plan>,
        claims: bool,
        clock: Clock,
        faults: Arc<Faults>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<MachineEvent>) {
        let (events, received) = mpsc::unbounded_channel();
        let machines = Arc::new_cyclic(|this| Self {
            plan,
            claims,
            clock,
            faults,
            events,
            account: Mutex::default(),
            state: Mutex::default(),
            this: this.clone(),
        });
        (machines, received)
    }

    /// Tells the account that the machines belong to, or that its life is over: each holds the other.
    pub(crate) fn belong_to(&self, account: Option<Account>) {
        *lock(&self.account) = account;
    }

    fn account(&self) -> Option<Account> {
        lock(&self.account).clone()
    }

    pub(crate) fn runs(&self) -> Vec<Ran> {
        lock(&self.state).runs.clone()
    }

    /// Takes over what ran on other machines than these.
    pub(crate) fn remember(&self, runs: Vec<Ran>) {
        lock(&self.state).runs = runs;
    }

    pub(crate) fn fate_of(&self, instance: &str) -> Option<Fate> {
        lock(&self.state).struck.get(instance).copied()
    }

    /// Whether EC2 refuses, for now, to stop or to terminate the instance.
    pub(crate) fn resists(&self, instance: &str) -> bool {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let Some(machine) = state.machines.get_mut(instance) else { return false };
        let Some(limit) = machine.life.resists_for else { return false };
        let resists = now < *machine.refused.get_or_insert(now) + limit;
        if resists {
            self.faults.count(FaultKind::RefusesToEnd);
            self.faults.note(|| format!("{instance}: RefusesToEnd"));
        }
        resists
    }

    /// Does something in `delay`, if the machine is still in the same power cycle by then.
    fn later(
        &self,
        delay: Duration,
        instance: &str,
        cycle: u64,
        then: impl FnOnce(&Self, &str) + Send + 'static,
    ) {
        let (this, instance) = (self.this.clone(), instance.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let Some(machines) = this.upgrade() else { return };
            let current =
                lock(&machines.state).machines.get(&instance).is_some_and(|m| m.on && m.cycle == cycle);
            if current {
                then(&machines, &instance);
            }
        });
    }

    fn tell(&self, event: MachineEvent) {
        // The account outlives the simulation's machines.
        let _ = self.events.send(event);
    }

    fn end(&self, instance: &str, index: usize, end: &ScriptEnd) {
        let (commands, reported) = {
            let mut state = lock(&self.state);
            let Some(machine) = state.machines.get(instance) else { return };
            let (scenario, agent_dead) = (machine.scenario, machine.agent_dead);
            let writes = machine.life.writes_output && end.status == EndStatus::Success;
            if let Some((account, scenario)) =
                self.account().zip(self.plan.executions.get(scenario)).filter(|_| writes)
            {
                // The bucket is there from the start.
                let _ = account.s3.put_object(BUCKET, &scenario.key, "output");
            }
            let Some(run) = state.runs.get_mut(index) else { return };
            run.ended = Some(end.clone());
            run.wrote_output = writes;
            // What a timeout kills leaves no exit code behind: its followers wait for their own.
            let followers =
                if end.status == EndStatus::TimedOut { Vec::new() } else { run.followers.clone() };
            let mut commands = followers;
            commands.push(run.command.clone());
            (commands, !agent_dead)
        };
        self.faults.note(|| format!("{instance}: the script ends: {:?} {}", end.status, end.exit_code));
        for command in commands.into_iter().filter(|_| reported) {
            self.tell(MachineEvent::Ended { command, end: end.clone() });
        }
    }

    fn get_ready(&self, instance: &str) {
        self.tell(MachineEvent::Ready { instance: instance.to_owned() });
    }

    /// Counts what becomes of a machine that has just been made.
    fn count_defects(&self, life: &Life) {
        if !self.plan.visible_after.is_zero() {
            self.faults.count(FaultKind::DescribeLags);
        }
        match life.agent_after {
            None => self.faults.count(FaultKind::NeverReady),
            Some(delay) if delay > Duration::from_mins(2) => self.faults.count(FaultKind::LateReady),
            Some(_) => {}
        }
    }
}

impl Hypervisor for SimMachines {
    fn power_on(&self, facts: &InstanceFacts) {
        let Some(scenario) = self.plan.of_image(&facts.image_id) else { return };
        let (cycle, agent_after) = {
            let mut state = lock(&self.state);
            let state = &mut *state;
            let machine = state.machines.entry(facts.instance_id.clone()).or_insert_with(|| {
                let ordinal = state.launched.entry(scenario).or_default();
                let life = self.plan.executions.get(scenario).and_then(|plan| plan.life(*ordinal)).cloned();
                *ordinal += 1;
                let life = life.unwrap_or_else(Life::dull);
                self.count_defects(&life);
                Machine {
                    scenario,
                    life,
                    cycle: 0,
                    on: false,
                    agent_dead: false,
                    struck: false,
                    refused: None,
                }
            });
            machine.on = true;
            machine.cycle += 1;
            (machine.cycle, machine.life.agent_after)
        };
        if let Some(delay) = agent_after {
            self.later(delay, &facts.instance_id, cycle, move |machines, instance| {
                machines.get_ready(instance);
                machines.await_fate(instance, cycle, Since::Online);
            });
        }
    }

    fn power_off(&self, instance_id: &str) {
        if let Some(machine) = lock(&self.state).machines.get_mut(instance_id) {
            machine.on = false;
            if self.plan.slow_end.is_some() {
                self.faults.count(FaultKind::SlowToEnd);
            }
        }
    }
}

impl Runner for SimMachines {
    fn run(&self, instance_id: &str, script: &Script) {
        let (index, cycle, life) = {
            let mut state = lock(&self.state);
            let state = &mut *state;
            let Some(machine) =
                state.machines.get(instance_id).filter(|machine| machine.on && !machine.agent_dead)
            else {
                return;
            };
            let first = state
                .runs
                .iter_mut()
                .find(|run| run.instance == instance_id && run.comment == script.comment)
                .filter(|_| self.claims && machine.life.claim_holds);
            if let Some(first) = first {
                match first.ended.clone().filter(|end| end.status != EndStatus::TimedOut) {
                    Some(end) => self.tell(MachineEvent::Ended { command: script.command_id.clone(), end }),
                    None => first.followers.push(script.command_id.clone()),
                }
                let (cycle, command) = (machine.cycle, script.command_id.clone());
                self.later(script.timeout, instance_id, cycle, move |machines, _| {
                    machines.tell(MachineEvent::Ended { command, end: script_end(true, 0) });
                });
                return;
            }
            state.runs.push(Ran {
                instance: instance_id.to_owned(),
                comment: script.comment.clone(),
                command: script.command_id.clone(),
                ended: None,
                wrote_output: false,
                followers: Vec::new(),
            });
            (state.runs.len() - 1, machine.cycle, machine.life.clone())
        };
        if !self.plan.listed_after.is_zero() {
            self.faults.count(FaultKind::ListCommandsLags);
        }
        self.faults.note(|| format!("{instance_id}: the script begins at {}", self.clock.now()));
        let timed_out = life.runs_for >= script.timeout;
        let end = script_end(timed_out, life.exit_code);
        self.later(life.runs_for.min(script.timeout), instance_id, cycle, move |machines, instance| {
            machines.end(instance, index, &end);
        });
        if let Some(deadline) = deadline(&script.text) {
            self.later(deadline, instance_id, cycle, |machines, instance| {
                machines
                    .tell(MachineEvent::ShutdownRequested { instance: instance.to_owned(), restart: false });
            });
        }
        self.await_fate(instance_id, cycle, Since::Begun);
    }

    fn cancel(&self, _: &str, _: &str) {}
}

/// How a script ends.
pub(crate) fn script_end(timed_out: bool, exit_code: i32) -> ScriptEnd {
    let (status, exit_code) = match (timed_out, exit_code) {
        (true, _) => (EndStatus::TimedOut, 137),
        (false, 0) => (EndStatus::Success, 0),
        (false, code) => (EndStatus::Failed, code),
    };
    ScriptEnd { status, exit_code, stdout: String::new(), stderr: String::new(), files: None }
}

/// The deadline that a script arms: what an instance makes of `shutdown -h +MINUTES`.
fn deadline(script: &str) -> Option<Duration> {
    let line = script.lines().find_map(|line| line.strip_prefix("shutdown -h +"))?;
    let minutes = line.split(' ').next()?.parse().ok()?;
    Some(Duration::from_mins(minutes))
}
