//! What the control plane of an execution used, counted from its history.

use crate::{Client, Error, Event, What};

/// What the control plane used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// How many executions were counted.
    pub executions: u32,
    /// State transitions, retries included.
    pub transitions: u32,
    /// Invocations of functions.
    pub invocations: u32,
    /// How long the functions took to answer, in seconds: a little more than Lambda bills.
    pub busy_seconds: f64,
}

impl Usage {
    /// Counts one execution. Invocations by events are not in its history.
    fn count(&mut self, events: &[Event]) {
        self.executions += 1;
        for (index, event) in events.iter().enumerate() {
            match &event.what {
                What::Entered { kind, .. } if kind != "Task" => self.transitions += 1,
                What::Tried => {
                    self.transitions += 1;
                    self.invocations += 1;
                    // TaskScheduled, TaskStarted, and then the function's answer.
                    if let Some(answer) = events.get(index + 2) {
                        self.busy_seconds += answer.at.duration_since(event.at).as_secs_f64();
                    }
                }
                _ => {}
            }
        }
    }
}

impl Client {
    /// What the control plane used for the executions with these ARNs. One that Step Functions has forgotten is left out.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn usage(&self, arns: impl Iterator<Item = &str>) -> Result<Usage, Error> {
        let mut usage = Usage::default();
        for arn in arns {
            match self.history(arn).read().await {
                Ok(events) => usage.count(&events),
                Err(error) if error.is_no_execution() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(usage)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_state_and_every_retry_is_a_transition() {
        let entered =
            |kind: &str| What::Entered { state: kind.to_owned(), kind: kind.to_owned(), input: Value::Null };
        let failed = What::Failed { error: "InstanceNotReady".to_owned(), message: String::new() };
        let whats = [
            entered("Pass"),
            entered("Task"),
            What::Tried,
            What::Other,
            failed,
            What::Tried,
            What::Other,
            What::Succeeded,
        ];
        let event = |(second, what)| Event {
            id: second,
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second),
            kind: String::new(),
            what,
            details: Vec::new(),
        };
        let events: Vec<_> = (0..).zip(whats).map(event).collect();
        let mut usage = Usage::default();
        usage.count(&events);
        assert_eq!(usage, Usage { executions: 1, transitions: 3, invocations: 2, busy_seconds: 4.0 });
    }
}
