//! What the executions' histories contain.

use std::collections::{BTreeMap, BTreeSet};

use ec2_ops_asl::{Details, Event, StateType};
use serde_json::Value;

/// The middle and the most of a number that each execution has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Half of the executions have as many or fewer.
    pub median: u64,
    /// No execution has more.
    pub max: u64,
    /// Of all executions together.
    pub total: u64,
}

impl Spread {
    pub(super) fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        Self {
            median: numbers.get(numbers.len() / 2).copied().unwrap_or_default(),
            max: numbers.last().copied().unwrap_or_default(),
            total: numbers.iter().sum(),
        }
    }
}

/// What one retrier of one state has absorbed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// The state.
    pub state: String,
    /// The errors that came.
    pub errors: BTreeSet<String>,
    /// How often the state was tried again for them, in all executions.
    pub retries: u64,
    /// The most in one stay of one execution.
    pub most: u64,
    /// How many the retrier allows in one stay.
    pub max_attempts: u64,
}

/// All histories together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histories {
    /// State transitions of each execution, as Step Functions bills them: states entered, and retries.
    pub transitions: Spread,
    /// History events of each execution; Step Functions allows 25,000.
    pub events: Spread,
    /// What was retried, by state and retrier.
    pub absorbed: Vec<Absorbed>,
}

/// A state's name, and the index of the retrier that took an error.
type Retrier = (String, usize);

/// Reads histories one by one.
pub(super) struct Reader {
    definition: Value,
    transitions: Vec<u64>,
    events: Vec<u64>,
    absorbed: BTreeMap<Retrier, Absorbed>,
}

impl Reader {
    /// For executions of the state machine with that definition.
    pub(super) fn new(definition: Value) -> Self {
        Self { definition, transitions: Vec::new(), events: Vec::new(), absorbed: BTreeMap::new() }
    }

    /// Adds one execution's history.
    pub(super) fn read(&mut self, events: &[Event]) {
        let (mut transitions, mut state) = (0, "");
        let (mut failed, mut used) = (None, BTreeMap::new());
        for event in events {
            match &event.details {
                Details::StateEntered { name, state_type, .. } => {
                    transitions += 1;
                    (state, failed) = (name, None);
                    if *state_type == StateType::Task {
                        used = BTreeMap::new();
                    }
                }
                Details::TaskFailed { failure, .. } | Details::TaskTimedOut { failure, .. } => {
                    failed = failure.error.as_deref();
                }
                Details::TaskScheduled { .. } => {
                    if let Some(error) = failed.take() {
                        transitions += 1;
                        self.retried(state, error, &mut used);
                    }
                }
                _ => {}
            }
        }
        self.transitions.push(transitions);
        self.events.push(events.len() as u64);
    }

    fn retried(&mut self, state: &str, error: &str, used: &mut BTreeMap<usize, u64>) {
        let covers = |retrier: &Value| {
            let names = retrier["ErrorEquals"].as_array().into_iter().flatten();
            names.filter_map(Value::as_str).any(|name| name == error || name == "States.ALL")
        };
        let retriers =
            self.definition["States"][state]["Retry"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(index) = retriers.iter().position(covers) else { return };
        let used = used.entry(index).or_default();
        *used += 1;
        let absorbed = self.absorbed.entry((state.to_owned(), index)).or_insert_with(|| Absorbed {
            state: state.to_owned(),
            max_attempts: retriers[index]["MaxAttempts"].as_u64().unwrap_or(3),
            ..Absorbed::default()
        });
        absorbed.retries += 1;
        absorbed.most = absorbed.most.max(*used);
        if !absorbed.errors.contains(error) {
            absorbed.errors.insert(error.to_owned());
        }
    }

    pub(super) fn finish(self) -> Histories {
        Histories {
            transitions: Spread::of(self.transitions),
            events: Spread::of(self.events),
            absorbed: self.absorbed.into_values().collect(),
        }
    }
}
