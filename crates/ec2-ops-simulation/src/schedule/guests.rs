//! Guests that follow a schedule, and the history of what happened on them.

use std::collections::HashMap;
use std::slice;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::account::Schedule;
use super::instance::{InstanceScenario, Trigger};
use super::scenario::BUCKET;
use super::script_run::{InstanceHistory, ScriptRun};
use crate::faults::{FaultKind, Faults, InstanceFault};
use crate::harness::{Guests, Machines, PowerCycle, script_end};
use ec2_ops_sandbox::ssm::{EndStatus, Script, ScriptEnd};
use ec2_ops_sandbox::{Clock, lock};

/// The guests of one account.
pub(crate) struct ScheduledGuests {
    pub(super) schedule: Arc<Schedule>,
    pub(super) faults: Arc<Faults>,
    pub(super) state: Mutex<State>,
    clock: Clock,
    /// Whether scripts claim their attempt, where the instance's disk lets them.
    claims: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) instances: HashMap<String, Instance>,
    /// How many instances each execution has had.
    launched: HashMap<usize, usize>,
    started: Vec<Started>,
}

pub(super) struct Instance {
    /// Its execution.
    index: usize,
    pub(super) scenario: InstanceScenario,
    pub(super) agent_dead: bool,
    /// Whether it shuts itself down after a reboot.
    pub(super) notices_reboots: bool,
    /// The fault that it had.
    pub(super) fault: Option<InstanceFault>,
    /// When EC2 first refused to end it.
    refused: Option<Timestamp>,
    /// Whether a person has edited its tags.
    pub(super) tags_edited: bool,
}

/// A script that was started.
struct Started {
    run: ScriptRun,
    command: String,
    /// The commands of copies that follow this one.
    followers: Vec<String>,
}

impl State {
    /// Whether a script was started on the instance.
    pub(super) fn has_run(&self, instance: &str) -> bool {
        self.started.iter().any(|started| started.run.instance == instance)
    }

    /// The commands whose script runs on the instance.
    pub(super) fn running_commands(&self, instance: &str) -> Vec<String> {
        let runs = |started: &&Started| started.run.instance == instance && started.run.ended.is_none();
        let commands = |started: &Started| [slice::from_ref(&started.command), &started.followers].concat();
        self.started.iter().filter(runs).flat_map(commands).collect()
    }
}

impl ScheduledGuests {
    pub(crate) fn new(schedule: Arc<Schedule>, claims: bool, clock: Clock, faults: Arc<Faults>) -> Self {
        Self { schedule, faults, state: Mutex::default(), clock, claims }
    }

    /// What has happened so far.
    pub(crate) fn history(&self) -> InstanceHistory {
        let state = lock(&self.state);
        let fault = |(id, instance): (&String, &Instance)| Some((id.clone(), instance.fault?));
        InstanceHistory {
            script_runs: state.started.iter().map(|started| started.run.clone()).collect(),
            faults: state.instances.iter().filter_map(fault).collect(),
            tags_edited: state
                .instances
                .iter()
                .filter(|(_, one)| one.tags_edited)
                .map(|(id, _)| id.clone())
                .collect(),
        }
    }

    /// Whether EC2 refuses, for now, to stop or to terminate the instance.
    pub(crate) fn resists(&self, id: &str) -> bool {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let Some(instance) = state.instances.get_mut(id) else { return false };
        let Some(limit) = instance.scenario.resists_for else { return false };
        let resists = now < *instance.refused.get_or_insert(now) + limit;
        if resists {
            self.faults.count(FaultKind::RefusesToEnd);
            self.faults.note(|| format!("{id}: RefusesToEnd"));
        }
        resists
    }

    /// Counts what is wrong with a new instance.
    fn count_defects(&self, scenario: &InstanceScenario) {
        if !self.schedule.visible_after.is_zero() {
            self.faults.count(FaultKind::DescribeLags);
        }
        match scenario.agent_after {
            None => self.faults.count(FaultKind::NeverReady),
            Some(delay) if delay > Duration::from_mins(2) => self.faults.count(FaultKind::LateReady),
            Some(_) => {}
        }
    }

    fn new_instance(&self, launched: &mut HashMap<usize, usize>, index: usize) -> Instance {
        let ordinal = launched.entry(index).or_default();
        let scenario = self.schedule.executions.get(index).map(|scenario| scenario.instance(*ordinal));
        *ordinal += 1;
        let scenario = scenario.unwrap_or_default();
        self.count_defects(&scenario);
        Instance {
            index,
            scenario,
            agent_dead: false,
            notices_reboots: false,
            fault: None,
            refused: None,
            tags_edited: false,
        }
    }

    /// Starts the script, unless a copy of it was started before. Answers with its number, and with what happens to it.
    fn start(
        &self,
        machines: &Machines<Self>,
        cycle: &PowerCycle,
        script: &Script,
    ) -> Option<(usize, InstanceScenario)> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let instance = state.instances.get(&cycle.instance).filter(|instance| !instance.agent_dead)?;
        let first = state
            .started
            .iter_mut()
            .find(|started| started.run.instance == cycle.instance && started.run.comment == script.comment)
            .filter(|_| self.claims && instance.scenario.claim_holds);
        if let Some(first) = first {
            follow(first, machines, cycle, script);
            return None;
        }
        state.started.push(Started {
            run: ScriptRun {
                instance: cycle.instance.clone(),
                comment: script.comment.clone(),
                ended: None,
                wrote_output: false,
                held_open: false,
            },
            command: script.command_id.clone(),
            followers: Vec::new(),
        });
        Some((state.started.len() - 1, instance.scenario.clone()))
    }

    fn end(&self, machines: &Machines<Self>, cycle: &PowerCycle, number: usize, end: &ScriptEnd) {
        let id = &*cycle.instance;
        let (first, followers) = {
            let mut state = lock(&self.state);
            let Some(instance) = state.instances.get(id) else { return };
            let (index, agent_dead) = (instance.index, instance.agent_dead);
            let timed_out = end.status == EndStatus::TimedOut;
            let held_open = instance.scenario.holds_output_open && !timed_out;
            let writes = instance.scenario.writes_output && end.status == EndStatus::Success;
            let Some(started) = state.started.get_mut(number).filter(|started| started.run.ended.is_none())
            else {
                return;
            };
            if let Some((account, scenario)) =
                machines.account().zip(self.schedule.executions.get(index)).filter(|_| writes)
            {
                // The bucket is there from the start.
                let _ = account.s3.put_object(BUCKET, &scenario.key, "output");
            }
            started.run.ended = Some(end.clone());
            (started.run.wrote_output, started.run.held_open) = (writes, held_open);
            if held_open {
                self.faults.count(FaultKind::OutputHeldOpen);
            }
            if agent_dead {
                return;
            }
            // While a background process holds the output open, the agent waits for more of it.
            (Some(started.command.clone()).filter(|_| !held_open), started.followers.clone())
        };
        self.faults.note(|| format!("{id}: the script ends: {:?} {}", end.status, end.exit_code));
        for follower in followers {
            end_follower(machines, cycle, follower, end);
        }
        if let Some(command) = first {
            machines.ended(command, end.clone());
        }
    }
}

/// Ends a copy that follows a script: with its exit code, or with a failure some time after it was killed.
fn end_follower(machines: &Machines<ScheduledGuests>, cycle: &PowerCycle, follower: String, end: &ScriptEnd) {
    if matches!(end.status, EndStatus::TimedOut | EndStatus::Cancelled) {
        machines.later(Duration::from_secs(30), cycle.clone(), move |machines, _| {
            machines.ended(follower, script_end(false, 1));
        });
    } else {
        machines.ended(follower, end.clone());
    }
}

/// A copy of a script follows the `first`: it runs nothing, and ends when the first does.
fn follow(first: &mut Started, machines: &Machines<ScheduledGuests>, cycle: &PowerCycle, copy: &Script) {
    match &first.run.ended {
        Some(end) => end_follower(machines, cycle, copy.command_id.clone(), end),
        None => first.followers.push(copy.command_id.clone()),
    }
    let command = copy.command_id.clone();
    machines.later(copy.timeout, cycle.clone(), move |machines, _| {
        machines.ended(command, script_end(true, 0));
    });
}

impl Guests for ScheduledGuests {
    fn boot(&self, machines: &Machines<Self>, cycle: PowerCycle) {
        let Some(index) = self.schedule.of_image(&cycle.image) else { return };
        let (agent_after, shuts_down) = {
            let mut state = lock(&self.state);
            let State { instances, launched, .. } = &mut *state;
            let instance =
                instances.entry(cycle.instance.clone()).or_insert_with(|| self.new_instance(launched, index));
            (instance.scenario.agent_after, instance.notices_reboots)
        };
        if shuts_down {
            machines
                .later(SHUTS_DOWN_AFTER, cycle.clone(), |machines, cycle| machines.shut_down(cycle.instance));
        }
        if let Some(delay) = agent_after {
            machines.later(delay, cycle, |machines, cycle| {
                machines.ready(cycle.instance.clone());
                machines.guests.await_fault(machines, cycle, Trigger::AgentOnline);
            });
        }
    }

    fn cancel(&self, machines: &Machines<Self>, cycle: PowerCycle, command: &str) {
        let end = ScriptEnd { status: EndStatus::Cancelled, ..script_end(true, 0) };
        let followers = {
            let mut state = lock(&self.state);
            if state.instances.get(&cycle.instance).is_none_or(|instance| instance.agent_dead) {
                return;
            }
            let started = state.started.iter_mut().find(|started| started.command == command);
            let followers = started.filter(|started| started.run.ended.is_none()).map(|started| {
                started.run.ended = Some(end.clone());
                started.followers.clone()
            });
            followers.unwrap_or_default()
        };
        for follower in followers {
            end_follower(machines, &cycle, follower, &end);
        }
        machines.ended(command.to_owned(), end);
    }

    fn powered_off(&self, id: &str) {
        let is_known = lock(&self.state).instances.contains_key(id);
        if is_known && self.schedule.slow_end.is_some() {
            self.faults.count(FaultKind::SlowToEnd);
        }
    }

    fn run(&self, machines: &Machines<Self>, cycle: PowerCycle, script: &Script) {
        let Some((number, scenario)) = self.start(machines, &cycle, script) else { return };
        if !self.schedule.listed_after.is_zero() {
            self.faults.count(FaultKind::ListCommandsLags);
        }
        self.faults.note(|| format!("{}: the script begins at {}", cycle.instance, self.clock.now()));
        let end = script_end(scenario.runs_for >= script.timeout, scenario.exit_code);
        machines.later(scenario.runs_for.min(script.timeout), cycle.clone(), move |machines, cycle| {
            machines.guests.end(machines, &cycle, number, &end);
        });
        if scenario.holds_output_open {
            let command = script.command_id.clone();
            machines.later(script.timeout, cycle.clone(), move |machines, _| {
                machines.ended(command, script_end(true, 0));
            });
        }
        if let Some(deadline) = deadline(&script.text) {
            machines.later(deadline, cycle.clone(), |machines, cycle| machines.shut_down(cycle.instance));
        }
        if scenario.tags_edited {
            self.edit_tags(machines, &cycle);
        }
        self.await_fault(machines, cycle, Trigger::ScriptBegun);
    }
}

/// From a reboot that an instance notices to its shutdown.
const SHUTS_DOWN_AFTER: Duration = Duration::from_secs(20);

/// The deadline that a script arms: it sets `deadline`, in seconds.
fn deadline(script: &str) -> Option<Duration> {
    let word = script.split_ascii_whitespace().find_map(|word| word.strip_prefix("deadline="))?;
    Some(Duration::from_secs(word.parse().ok()?))
}
