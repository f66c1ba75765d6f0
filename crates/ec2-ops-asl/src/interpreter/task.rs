//! The Task state.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::environment::{Environment, Invocation};
use super::visit::{StateFailure, Stop, Visit};
use crate::data::context::Context;
use crate::data::scope::Scope;
use crate::data::size::excess;
use crate::definition::{Resource, Task};
use crate::failure::Failure;
use crate::history::Details;
use crate::json::Json;
use crate::tokens::{Signal, WaitingTask};

/// The invocation and the limits of one attempt.
pub(super) struct Attempt {
    pub(super) invocation: Invocation,
    pub(super) timeout: Option<Duration>,
    heartbeat: Option<Duration>,
}

/// How one attempt ended.
pub(super) enum Outcome {
    Completed(Result<Arc<Json>, Failure>),
    TimedOut { heartbeat: bool },
}

impl<E: Environment> Visit<'_, E> {
    /// One attempt, from the input to the output. If the task waits for a token, each attempt has its own.
    pub(super) async fn attempt_task(&self, task: &Task, retries: u32) -> Result<Arc<Json>, Stop> {
        let mut waiting = match task.resource {
            Resource::InvokeWaitForTaskToken => Some(self.tokens.issue()),
            Resource::Invoke | Resource::StartExecution | Resource::StartExecutionSync2 => None,
        };
        let attempt = self.prepare(task, retries, waiting.as_ref())?;
        let outcome = match (task.resource, &mut waiting) {
            (Resource::StartExecution, _) => self.start_execution(&attempt).await,
            (Resource::StartExecutionSync2, _) => self.start_and_wait(&attempt).await?,
            (_, None) => self.invoke(&attempt).await,
            (_, Some(waiting)) => self.invoke_and_wait(&attempt, waiting).await?,
        };
        let result = self.conclude(task.resource, outcome)?;
        let token = waiting.as_ref().map(WaitingTask::token);
        Ok(self.with_result(&task.handling, result, &self.task_context(retries, token))?)
    }

    /// Prepares an attempt, and records `TaskScheduled` and `TaskStarted`.
    fn prepare(&self, task: &Task, retries: u32, waiting: Option<&WaitingTask>) -> Result<Attempt, Stop> {
        let context = self.task_context(retries, waiting.map(WaitingTask::token));
        let input = self.effective_input(&context)?;
        let limit = |seconds: &Option<_>, field: &str| {
            seconds.as_ref().map(|seconds| self.quantity(seconds, &input, &context, field)).transpose()
        };
        let timeout = limit(&task.timeout, "TimeoutSecondsPath")?;
        let heartbeat = limit(&task.heartbeat, "HeartbeatSecondsPath")?;
        self.check_limits(timeout, heartbeat)?;
        let parameters = self.parameters(task, &input, &context)?;
        let resource = task.resource;
        self.record(Details::TaskScheduled {
            resource,
            region: Arc::clone(&self.execution.region),
            parameters: Arc::clone(&parameters),
            timeout_in_seconds: timeout,
            heartbeat_in_seconds: heartbeat,
        })?;
        self.record(Details::TaskStarted { resource })?;
        Ok(Attempt {
            invocation: Invocation { parameters },
            timeout: timeout.map(Duration::from_secs),
            heartbeat: heartbeat.map(Duration::from_secs),
        })
    }

    /// The API parameters that the task sends.
    fn parameters(&self, task: &Task, input: &Value, context: &Context<'_>) -> Result<Arc<Json>, Failure> {
        let scope = Scope { input, context };
        let parameters = task.parameters.evaluate(scope).map_err(|error| self.data_error(&error))?;
        if let [(target, _), ..] = task.resource.parameters()
            && !parameters[*target].is_string()
        {
            let found = &parameters[*target];
            return Err(self.runtime(format!("The value of the field '{target}' must be a string: {found}")));
        }
        self.within_quota(Arc::new(parameters.into()))
    }

    /// Checks limits from paths. Fixed limits were checked when the definition was loaded.
    fn check_limits(&self, timeout: Option<u64>, heartbeat: Option<u64>) -> Result<(), Failure> {
        for (field, seconds) in [("TimeoutSeconds", timeout), ("HeartbeatSeconds", heartbeat)] {
            if seconds == Some(0) {
                return Err(self.runtime(format!("{field} must be positive: 0")));
            }
        }
        match (timeout, heartbeat) {
            (Some(timeout), Some(heartbeat)) if heartbeat >= timeout => Err(self.runtime(format!(
                "HeartbeatSeconds must be smaller than TimeoutSeconds: {heartbeat} >= {timeout}"
            ))),
            _ => Ok(()),
        }
    }

    /// Invokes the function. Its response is the task's result.
    async fn invoke(&self, attempt: &Attempt) -> Outcome {
        tokio::select! {
            biased;
            answer = self.environment.invoke(attempt.invocation.clone()) => {
                Outcome::Completed(answer.map(|payload| Arc::new(response(&attempt.invocation, payload).into())))
            }
            () = after(attempt.timeout) => Outcome::TimedOut { heartbeat: false },
        }
    }

    /// Invokes the function, and waits until the token is completed. That may be before the function returns.
    async fn invoke_and_wait(&self, attempt: &Attempt, waiting: &mut WaitingTask) -> Result<Outcome, Stop> {
        let mut submission = std::pin::pin!(self.environment.invoke(attempt.invocation.clone()));
        let mut submitted = false;
        let mut timeout = std::pin::pin!(after(attempt.timeout));
        let mut beat = Instant::now();
        let heartbeat = loop {
            tokio::select! {
                biased;
                signal = waiting.signal() => match signal {
                    Signal::Completed(completion) => return Ok(Outcome::Completed(completion)),
                    Signal::Heartbeat => beat = Instant::now(),
                },
                answer = &mut submission, if !submitted => match answer {
                    Ok(payload) => {
                        submitted = true;
                        self.record(Details::TaskSubmitted {
                            resource: Resource::InvokeWaitForTaskToken,
                            output: Arc::new(response(&attempt.invocation, payload).into()),
                        })?;
                    }
                    Err(failure) => return Ok(expired(waiting, Outcome::Completed(Err(failure)))),
                },
                () = &mut timeout => break false,
                () = missed(beat, attempt.heartbeat) => break true,
            }
        };
        Ok(expired(waiting, Outcome::TimedOut { heartbeat }))
    }

    /// Records how the attempt ended, and returns its result.
    fn conclude(&self, resource: Resource, outcome: Outcome) -> Result<Arc<Json>, Stop> {
        let failure = match outcome {
            Outcome::Completed(Ok(output)) => match excess(&output) {
                Some(excess) => Failure::data_limit_exceeded(resource.service(), excess),
                None => {
                    self.record(Details::TaskSucceeded { resource, output: Arc::clone(&output) })?;
                    return Ok(output);
                }
            },
            Outcome::Completed(Err(failure)) => failure,
            Outcome::TimedOut { heartbeat } => {
                let failure = Failure::timeout();
                self.record(Details::TaskTimedOut { resource, failure: failure.clone() })?;
                return Err(Stop::Failed(StateFailure { failure, heartbeat }));
            }
        };
        self.record(Details::TaskFailed { resource, failure: failure.clone() })?;
        Err(failure.into())
    }

    /// The context object after `retries` of a Task or Map state.
    pub(super) fn task_context<'t>(&'t self, retries: u32, token: Option<&'t str>) -> Context<'t> {
        let mut context = self.context();
        context.retry_count = Some(retries);
        context.token = token;
        context
    }
}

/// `outcome`, unless the token was completed at the last moment: that caller got `Ok`, so the completion counts.
fn expired(waiting: &mut WaitingTask, outcome: Outcome) -> Outcome {
    waiting.expire().map_or(outcome, Outcome::Completed)
}

/// The result of `lambda:invoke`, without the metadata of the HTTP response. A numeric qualifier of the function is the
/// version that ran.
fn response(invocation: &Invocation, payload: Value) -> Value {
    let qualifier = invocation.function_name().rsplit(':').next().unwrap_or_default();
    let is_version =
        !qualifier.is_empty() && qualifier.len() < 12 && qualifier.bytes().all(|b| b.is_ascii_digit());
    let version = if is_version { qualifier } else { "$LATEST" };
    let fields = [("ExecutedVersion", version.into()), ("Payload", payload), ("StatusCode", 200.into())];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) async fn after(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Completes when no heartbeat has arrived within `limit` of the last one.
async fn missed(beat: Instant, limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep_until(beat + limit).await,
        None => std::future::pending().await,
    }
}
