//! Runs an execution: one state after the other.

use std::pin::Pin;
use std::sync::Arc;

use super::environment::Environment;
use super::execution::{Execution, Position};
use super::visit::Visit;
use crate::definition::{Body, StateMachine, Transition};
use crate::failure::Failure;
use crate::history::{Ending, Over};
use crate::tokens::TaskTokens;

impl Execution {
    /// Runs `machine` to its end. Call it once, and again after each [`redrive`](Self::redrive). Dropping the future leaves the execution without an ending, and closes
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
        let _turn = self.turn.lock().await;
        if let Some((ending, _)) = self.history.ending() {
            return ending;
        }
        // An abort of the run before may have come after its end.
        let _ = std::pin::pin!(self.stopped.notified()).enable();
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
            // `abort` ends the history before it notifies. Since then, the execution may have been redriven.
            None => self.history.ending().map_or(Ending::Aborted(Failure::default()), |(ending, _)| ending),
        }
    }

    /// Runs state after state, and returns the ending.
    async fn walk<E: Environment>(
        &self,
        machine: &StateMachine,
        environment: &E,
        tokens: &TaskTokens,
    ) -> Ending {
        let resumed = self.position();
        let (mut id, mut input) = match &resumed {
            Some(position) => (position.state, Arc::clone(&position.input)),
            None => (machine.start_at, Arc::clone(&self.input)),
        };
        // A redrive schedules a task again; it enters all other states again.
        let mut entered = resumed
            .map(|position| position.entered)
            .filter(|_| matches!(machine.state(id).body, Body::Task(_)));
        loop {
            // Yields, so that other tasks and the deadline get their turn even if no state waits.
            tokio::task::coop::consume_budget().await;
            environment.transition(&self.region).await;
            let state = machine.state(id);
            let visit = match Visit::enter(self, environment, tokens, state, &input, entered.take()) {
                Ok(visit) => visit,
                Err(Over(ending)) => return ending,
            };
            self.reached(Position { state: id, input: Arc::clone(&input), entered: visit.entered() });
            match visit.run().await {
                Ok((Transition::Next(next), output)) => {
                    id = next;
                    input = output;
                }
                Ok((Transition::End, output)) => return Ending::Succeeded { output },
                Err(stop) => return stop.into_ending(),
            }
        }
    }
}
