//! The Map state in its mode DISTRIBUTED: an execution for each item.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;

use super::environment::Environment;
use super::execution::Execution;
use super::map_run::{MapRun, MapRunCounts, MapRunState};
use super::visit::{Stop, Visit};
use crate::data::context::Context;
use crate::definition::Map;
use crate::failure::{EXCEED_TOLERATED_FAILURE_THRESHOLD, Failure};
use crate::history::{Details, Ending};
use crate::identity::Identity;
use crate::json::Json;

/// The child executions of a map run, by the indexes of their items. `None` has not been started.
pub(super) type Children = Vec<Option<Arc<Execution>>>;

/// The children of one attempt. When it is dropped, those that still run are stopped: the Map state has failed, or its own
/// execution has ended.
struct Running<'a, E: Environment> {
    environment: &'a E,
    run: Arc<MapRun>,
    children: Children,
}

impl<E: Environment> Drop for Running<'_, E> {
    fn drop(&mut self) {
        let now = self.environment.now();
        for child in self.children.iter().flatten().filter(|child| child.history().ending().is_none()) {
            self.run.ended(&child.abort(now, Failure::default()));
            self.environment.child_ended(child);
        }
    }
}

/// Ends the map run of a Map state that is dropped before it has succeeded or failed.
struct AbortOnDrop<'a, E: Environment> {
    environment: &'a E,
    run: Arc<MapRun>,
}

impl<E: Environment> Drop for AbortOnDrop<'_, E> {
    fn drop(&mut self) {
        self.run.end(self.environment.now(), "ABORTED");
    }
}

impl<E: Environment> Visit<'_, E> {
    /// One attempt of a Map state, from the input to the output.
    pub(super) async fn attempt_map(&self, map: &Map, retries: u32) -> Result<Arc<Json>, Stop> {
        let context = self.task_context(retries, None);
        let input = self.effective_input(&context)?;
        let items = self.items_of_input(map, &input, &context)?;
        let limits = self.limits(map, &input, &context)?;
        self.record(Details::MapStateStarted { length: items.as_ref().map_or(0, Vec::len) })?;
        let label = map.label.clone().unwrap_or_else(|| self.id().into());
        let identity = &self.execution.identity;
        let run = Arc::new(MapRun::new(identity, &label, &self.id(), self.environment.now(), limits));
        self.environment.map_run_started(&run);
        let _guard = AbortOnDrop { environment: self.environment, run: Arc::clone(&run) };
        self.record(Details::MapRunStarted { map_run_arn: Arc::clone(&run.arn) })?;
        let result = match self.run_children(map, &run, (items, &input), retries).await {
            Ok(result) => result,
            Err(failure) => {
                run.end(self.environment.now(), "FAILED");
                self.record(Details::MapRunFailed { failure: failure.clone() })?;
                self.record(Details::MapStateFailed)?;
                return Err(failure.into());
            }
        };
        run.end(self.environment.now(), "SUCCEEDED");
        self.record(Details::MapRunSucceeded)?;
        self.record(Details::MapStateSucceeded)?;
        Ok(self.with_result(&map.handling, Arc::new(result.into()), &context)?)
    }

    fn limits(&self, map: &Map, input: &Value, context: &Context<'_>) -> Result<MapRunState, Failure> {
        let value = |quantity: &Option<_>, field: &str| {
            quantity.as_ref().map(|quantity| self.quantity(quantity, input, context, field)).transpose()
        };
        Ok(MapRunState {
            ended: None,
            max_concurrency: self.quantity(&map.max_concurrency, input, context, "MaxConcurrencyPath")?,
            tolerated_failure_count: value(&map.tolerated_failure_count, "ToleratedFailureCountPath")?,
            tolerated_failure_percentage: value(
                &map.tolerated_failure_percentage,
                "ToleratedFailurePercentagePath",
            )?,
            counts: MapRunCounts::default(),
        })
    }

    /// Runs an execution for each item, and returns the result of the state.
    async fn run_children(
        &self,
        map: &Map,
        run: &Arc<MapRun>,
        (items, input): (Option<Vec<Value>>, &Value),
        retries: u32,
    ) -> Result<Value, Failure> {
        let context = self.task_context(retries, None);
        let items = match items {
            Some(items) => items,
            None => self.items_of_reader(map, input, &context).await?,
        };
        run.set_total(items.len());
        let children = vec![None; items.len()];
        let mut running = Running { environment: self.environment, run: Arc::clone(run), children };
        let mut ends = FuturesUnordered::new();
        let mut items = items.into_iter().enumerate().peekable();
        loop {
            while items.peek().is_some() && run.try_start() {
                let Some((index, item)) = items.next() else { break };
                let child_input = self.child_input(map, (index, item), input, retries)?;
                let child = self.child(run, child_input);
                running.children[index] = Some(Arc::clone(&child));
                ends.push(self.run_child(map, child));
            }
            tokio::select! {
                biased;
                end = ends.next(), if !ends.is_empty() => {
                    if end.is_some_and(|ending| run.ended(&ending)) {
                        let cause = "The specified tolerated failure threshold was exceeded";
                        return Err(Failure::new(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause));
                    }
                }
                () = run.changed.notified(), if items.peek().is_some() => {}
                else => break,
            }
        }
        let children = std::mem::take(&mut running.children);
        match &map.result_writer {
            Some(writer) => self.write_results(writer, run, &children, (input, &context)).await,
            None => Ok(children.iter().flatten().map(|child| output(child)).collect()),
        }
    }

    /// The execution of one item.
    fn child(&self, run: &MapRun, input: Json) -> Arc<Execution> {
        let child = Execution::child(self.execution, self.child_identity(run), input, self.environment.now());
        let child = Arc::new(child);
        self.environment.child_started(run, &child);
        child
    }

    async fn run_child(&self, map: &Map, child: Arc<Execution>) -> Ending {
        let ending = child.run(&map.processor, self.environment, self.tokens).await;
        self.environment.child_ended(&child);
        ending
    }

    /// See <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>.
    fn child_identity(&self, run: &MapRun) -> Identity {
        let name = self.id();
        let machine = &run.state_machine_arn;
        let (_, machine_name) = machine.rsplit_once(':').unwrap_or_default();
        Identity {
            arn: format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1)).into(),
            name: name.into(),
            role_arn: Arc::clone(&self.execution.identity.role_arn),
            state_machine_arn: Arc::clone(machine),
            state_machine_name: machine_name.into(),
        }
    }

    /// A random name in the form of a UUID.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a fraction of the whole range"
    )]
    fn id(&self) -> String {
        let part = |bits: u32| (self.environment.fraction() * 2f64.powi(bits.cast_signed())) as u64;
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            part(32),
            part(16),
            part(12),
            0x8000 | part(14),
            part(48)
        )
    }
}

/// The output of a child that succeeded.
fn output(child: &Execution) -> Value {
    match child.history().ending() {
        Some((Ending::Succeeded { output }, _)) => Value::clone(&output),
        _ => Value::Null,
    }
}
