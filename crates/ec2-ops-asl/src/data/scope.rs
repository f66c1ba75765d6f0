//! The values that paths refer to, and the error of a path without a value.

use std::borrow::Cow;

use serde_json::Value;

use super::context::Context;
use super::path::{self, Path, Root, Segment};
use crate::failure::RUNTIME;

/// Why a value could not be computed. The interpreter adds the state.
#[derive(Debug, PartialEq)]
pub(crate) struct DataError {
    /// The error name that AWS gives it.
    pub(crate) error: &'static str,
    /// AWS's message.
    pub(crate) message: String,
}

impl DataError {
    /// An error that no `Catch` matches.
    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self { error: RUNTIME, message: message.into() }
    }
}

/// The values that paths refer to at one point of a state.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The value of `$`.
    pub(crate) input: &'a Value,
    /// The value of `$$`.
    pub(crate) context: &'a Context<'a>,
}

impl<'a> Scope<'a> {
    /// The value at `path`, if there is one.
    pub(crate) fn find(&self, path: &Path) -> Option<Cow<'a, Value>> {
        match path.root() {
            Root::Input => path.find(self.input).map(Cow::Borrowed),
            Root::Context => self.context.find(path),
        }
    }

    /// The value at `path`, or AWS's error for a path of the state itself, for example its `InputPath`.
    pub(crate) fn require(&self, path: &Path) -> Result<Cow<'a, Value>, DataError> {
        self.find(path)
            .ok_or_else(|| DataError::runtime(format!("Invalid path '{path}' : {}", self.missing(path))))
    }

    /// The value at `path`, or AWS's error for the `field` of a payload template or a Fail state.
    pub(crate) fn require_for(&self, path: &Path, field: &str) -> Result<Cow<'a, Value>, DataError> {
        self.find(path).ok_or_else(|| {
            DataError::runtime(format!(
                "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{}'",
                self.input
            ))
        })
    }

    /// AWS's reason why `path` has no value.
    fn missing(&self, path: &Path) -> String {
        let segments = path.segments();
        let root = match path.root() {
            Root::Input => self.input,
            Root::Context => self.context.value(),
        };
        let first = (1..=segments.len()).find(|end| path::descend(root, &segments[..*end]).is_none());
        match first {
            Some(end) if end < segments.len() => {
                format!("Missing property in path {}", bracketed(&segments[..end]))
            }
            _ => format!("No results for path: {}", bracketed(segments)),
        }
    }
}

/// `$['a'][0]`: the form of paths in the messages of AWS.
fn bracketed(segments: &[Segment]) -> String {
    segments.iter().fold("$".to_owned(), |text, segment| match segment {
        Segment::Field(name) => format!("{text}['{name}']"),
        Segment::Index(index) => format!("{text}[{index}]"),
    })
}
