//! The problems of a definition.

use std::cell::RefCell;
use std::fmt;

/// One thing that is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON path: `$.States.Commander.Retry[0].IntervalSeconds`.
    pub path: String,
    /// What was found, and what was expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A definition that cannot be run, with every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid state machine definition:\n  {}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n  "))]
pub struct InvalidDefinition {
    /// The reasons; at least one.
    pub problems: Vec<Problem>,
}

/// Collects problems while a definition is loaded.
#[derive(Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Adds a problem at `path`.
    pub(super) fn report(&self, path: impl Into<String>, message: impl Into<String>) {
        self.0.borrow_mut().push(Problem { path: path.into(), message: message.into() });
    }

    /// The problems, in the order of their reports.
    pub(super) fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}
