//! Runs an execution: one state after the other.

use std::pin::Pin;
use std::sync::Arc;

use super::environment::Environment;
use super::execution::Execution;
use super::visit::Visit;
use crate::definition::{StateMachine, Transition};
use crate::failure::Failure;
use crate::history::{Ending, Over};
use crate::tokens::TaskTokens;

impl Execution {
    /// Runs `machine` to its end. Call it once. Dropping the future leaves the execution without an ending, and closes
    /// the token of a waiting task. It is boxed, because the children of a Map state are executions as well.
    pub fn run<'a, E: Environment>(
        &'a self,
        machine: &'a StateMachine,
        environment: &'a E,
        tokens: &'a TaskTokens,
    ) -> Pin<Box<dyn Future<Output = Ending> + Send + 'a>> {
        Box::pin(self.run_to_end(machine, environment, tokens))
    }

    async fn run_to_end<E: Environment>(
        &self,
        machine: &StateMachine,
        environment: &E,
        tokens: &TaskTokens,
    ) -> Ending {
        let deadline = async {
            match machine.timeout() {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let ending = tokio::select! {
            biased;
            () = self.stopped.notified() => None,
            ending = self.walk(machine, environment, tokens) => Some(ending),
            () = deadline => Some(Ending::TimedOut),
        };
        match ending {
            Some(ending) => self.history.end(environment.now(), ending),
            // `abort` ends the history before it notifies, so this returns the ending that `abort` recorded.
            None => self.history.end(environment.now(), Ending::Aborted(Failure::default())),
        }
    }

    /// Runs state after state, and returns the ending.
    async fn walk<E: Environment>(
        &self,
        machine: &StateMachine,
        environment: &E,
        tokens: &TaskTokens,
    ) -> Ending {
        let mut state = machine.state(machine.start_at);
        let mut input = Arc::clone(&self.input);
        loop {
            // Yields, so that other tasks and the deadline get their turn even if no state waits.
            tokio::task::coop::consume_budget().await;
            environment.transition(&self.region).await;
            let visit = match Visit::enter(self, environment, tokens, state, &input) {
                Ok(visit) => visit,
                Err(Over(ending)) => return ending,
            };
            match visit.run().await {
                Ok((Transition::Next(next), output)) => {
                    state = machine.state(next);
                    input = output;
                }
                Ok((Transition::End, output)) => return Ending::Succeeded { output },
                Err(stop) => return stop.into_ending(),
            }
        }
    }
}
