//! What only a sandbox shows: its calls, invocations and events, and its faults by plan.

use ec2_ops_sandbox::fault_plan::FaultPlan;
use ec2_ops_sandbox::journal::{Call, Happening, Invocation, Journal};

use crate::execution::Watched;
use crate::timeline::Change;

/// A sandbox, seen from behind.
#[derive(Clone)]
pub struct Backstage {
    /// What happens in it.
    pub journal: Journal,
    /// What goes wrong in it.
    pub faults: FaultPlan,
}

/// What the journal has of one execution, or of all.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) calls: Vec<Call>,
    pub(crate) invocations: Vec<Invocation>,
    pub(crate) events: Vec<Happening>,
}

impl Backstage {
    /// All that is kept.
    pub(crate) fn all(&self) -> Notes {
        self.notes(|_| true)
    }

    /// What is kept of an execution and its instances.
    pub(crate) fn of(&self, watched: &Watched) -> Notes {
        self.notes(|subject| {
            subject.is_some_and(|subject| {
                subject == watched.execution.arn
                    || watched.instances.iter().any(|instance| instance.id == subject)
            })
        })
    }

    fn notes(&self, wanted: impl Fn(Option<&str>) -> bool) -> Notes {
        Notes {
            calls: self.journal.calls(|call| wanted(call.subject.as_deref())),
            invocations: self.journal.invocations(|invocation| wanted(invocation.subject.as_deref())),
            events: self.journal.events(|happening| wanted(happening.subject())),
        }
    }

    /// The changes of the state of `instance`, the first one first.
    pub(crate) fn changes(&self, instance: &str) -> Vec<Change> {
        let ours = |happening: &Happening| {
            happening.event.detail["instance-id"] == instance && happening.event.detail["state"].is_string()
        };
        let change = |happening: Happening| Change {
            at: happening.at,
            state: happening.event.detail["state"].as_str().unwrap_or_default().to_owned(),
        };
        self.journal.events(ours).into_iter().rev().map(change).collect()
    }
}
