//! What Task and Map states share: retries, `Catch`, and the way of a result into the document.

use std::sync::Arc;

use tokio::time::sleep;

use super::environment::Environment;
use super::retry::{Attempts, catcher};
use super::visit::{StateFailure, Step, Stop, Visit, error_output};
use crate::data::context::Context;
use crate::data::scope::Scope;
use crate::definition::{Handling, Map, Task, Transition};
use crate::failure::Failure;
use crate::json::Json;

/// The work of a state that can fail and be tried again.
#[derive(Clone, Copy)]
pub(super) enum Work<'a> {
    Task(&'a Task),
    Map(&'a Map),
}

impl<'a> Work<'a> {
    fn handling(self) -> &'a Handling {
        match self {
            Self::Task(task) => &task.handling,
            Self::Map(map) => &map.handling,
        }
    }
}

impl<E: Environment> Visit<'_, E> {
    /// Does the work, with its retries. If it fails, applies `Catch`.
    pub(super) async fn work(&self, work: Work<'_>) -> Result<Step, Stop> {
        let handling = work.handling();
        let mut attempts = Attempts::new(&handling.retry);
        loop {
            let attempt = match work {
                Work::Task(task) => self.attempt_task(task, attempts.retries()).await,
                Work::Map(map) => self.attempt_map(map, attempts.retries()).await,
            };
            let failed = match attempt {
                Err(Stop::Failed(failed)) => failed,
                finished => return finished.map(|output| (handling.then, output)),
            };
            match attempts.next_delay(&failed, || self.environment.fraction()) {
                Some(delay) => {
                    sleep(delay).await;
                    self.environment.transition(&self.execution.region).await;
                }
                None => return self.catch(handling, failed),
            }
        }
    }

    /// Continues at the `Next` of the catcher that matches, with the error in the document. `OutputPath` does not apply.
    fn catch(&self, handling: &Handling, failed: StateFailure) -> Result<Step, Stop> {
        let Some(catcher) = catcher(&handling.catch, &failed) else {
            return Err(Stop::Failed(failed));
        };
        let error = Arc::new(error_output(&failed.failure).into());
        let output = self.within_quota(self.merge(catcher.result_path.as_ref(), error)?)?;
        Ok((Transition::Next(catcher.next), output))
    }

    /// The output of the state whose work has the result `result`.
    pub(super) fn with_result(
        &self,
        handling: &Handling,
        result: Arc<Json>,
        context: &Context<'_>,
    ) -> Result<Arc<Json>, Failure> {
        let result = match &handling.result_selector {
            None => result,
            Some(selector) => {
                let scope = Scope { input: &result, context };
                Arc::new(selector.evaluate(scope).map_err(|error| self.data_error(&error))?.into())
            }
        };
        self.output(&self.merge(handling.result_path.as_ref(), result)?)
    }
}
