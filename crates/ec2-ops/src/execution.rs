//! The execution that a step, or a document, belongs to.

use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::ExecutionId;

/// An execution of the state machine.
#[derive(Clone, Debug, Deserialize)]
pub struct Execution {
    /// Its ARN. The part after the last colon is its name.
    pub id: ExecutionId,
    /// When it started, which decides what `DAILY` stands for.
    pub started: Timestamp,
}

impl Execution {
    /// An execution that does not exist, named `execution`: to check a document before there is one.
    pub fn rehearsal(started: Timestamp) -> Self {
        Self { id: ExecutionId::new("execution"), started }
    }
}
