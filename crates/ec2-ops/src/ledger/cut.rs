//! The attempt that was cut off when its execution was ended from outside.

use jiff::Timestamp;
use serde_json::Value;

use crate::deployment::Deployment;
use crate::error::ErrorReport;
use crate::execution::Execution;
use crate::ids::Region;
use crate::outcome::AttemptRecord;
use crate::ports::Instance;
use crate::status::Status;
use crate::step::Context;
use crate::stop::{End, State};

/// How an execution ended without an outcome.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Step Functions' word: `ABORTED`, `TIMED_OUT` or `FAILED`.
    pub status: String,
    /// The error or the cause that Step Functions has, if any.
    pub why: Option<String>,
    /// When it ended.
    pub at: Timestamp,
}

impl Cut {
    fn status(&self) -> Status {
        if self.status == "ABORTED" { Status::Aborted } else { Status::InternalError }
    }

    fn report(&self) -> ErrorReport {
        let what = match self.status.as_str() {
            "ABORTED" => "the execution was stopped",
            "TIMED_OUT" => "the execution reached the time limit of the state machine",
            _ => "the execution failed outside the reach of every Catch",
        };
        let message = self.why.as_ref().map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"));
        ErrorReport { message, ..ErrorReport::default() }
    }
}

/// The document, and the record of the attempt that was going on when its execution ended; `None` if none was, because EC2Stopper had ended the
/// last one.
///
/// `last_state` is the input of the state that the execution entered last. `instances` are those of the execution.
pub fn cut_attempt(
    execution: &Execution,
    last_state: Value,
    cut: &Cut,
    instances: &[(Region, Instance)],
    deployment: &Deployment,
) -> Option<(Value, AttemptRecord)> {
    // Before the first attempt, the input is the document itself.
    let mut state: State = serde_json::from_value(last_state).ok()?;
    if state.outcome.is_some() {
        return None;
    }
    let document = state.document.take();
    let (execution, attempt) = (execution.clone(), state.attempt.clone());
    let context = Context { execution, attempt, document, retry: 0, redrives: 0 };
    let of_this_attempt = instances.iter().filter(|(_, instance)| state.launched(instance));
    let of_this_attempt: Vec<_> = of_this_attempt.map(|(region, instance)| (region, instance)).collect();
    let end = match state.over {
        // Only its cleanup was cut off.
        Some(over) => state.end(over, cut.at),
        None => End { status: cut.status(), report: Some(cut.report()), over_at: cut.at, ended_at: cut.at },
    };
    let record = state.record(end, &context, context.job().ok().as_ref(), &of_this_attempt, deployment);
    Some((context.document, record))
}
