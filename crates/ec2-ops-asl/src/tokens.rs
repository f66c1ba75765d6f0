//! Task tokens, by which a caller outside completes a waiting task.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::data::size::excess;
use crate::failure::Failure;
use crate::json::Json;

/// The errors of `SendTaskSuccess`, `SendTaskFailure` and `SendTaskHeartbeat`.
/// See <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The text is not a token at all.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidToken,
    /// The output is not JSON, or it is over the quota of 262,144 bytes.
    #[error("Invalid Output: '{0}'")]
    InvalidOutput(String),
    /// No task ever had this token.
    #[error("Task does not exist")]
    TaskDoesNotExist,
    /// The task has ended: it was completed, it timed out, or its execution is over.
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
}

impl TokenError {
    /// The exception's name, as the API sends it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidToken => "InvalidToken",
            Self::InvalidOutput(_) => "InvalidOutput",
            Self::TaskDoesNotExist => "TaskDoesNotExist",
            Self::TaskTimedOut => "TaskTimedOut",
        }
    }
}

/// The tokens of all waiting tasks. Clones share them.
///
/// A token is good for one completion. A caller that gets `Ok` from [`send_success`](Self::send_success) or
/// [`send_failure`](Self::send_failure) has completed the task: return value and effect are decided under one lock.
#[derive(Clone, Default)]
pub struct TaskTokens(Arc<Mutex<Registry>>);

/// Tokens are numbered, so closed ones need not be kept: a number below `issued` that is not open is closed.
#[derive(Default)]
struct Registry {
    issued: u64,
    open: HashMap<u64, mpsc::UnboundedSender<Signal>>,
}

/// A message to a waiting task.
#[derive(Debug)]
pub(crate) enum Signal {
    Heartbeat,
    Completed(Result<Arc<Json>, Failure>),
}

const PREFIX: &str = "AQCAAAAAKgAAAAMAAAAA";

impl TaskTokens {
    /// Completes the task with `output`, which must be JSON.
    pub fn send_success(&self, token: &str, output: &str) -> Result<(), TokenError> {
        let output = Json::parse(output).map_err(|error| TokenError::InvalidOutput(error.to_string()))?;
        if let Some(excess) = excess(&output) {
            return Err(TokenError::InvalidOutput(format!("the output has {excess}")));
        }
        self.complete(token, Ok(Arc::new(output)))
    }

    /// Fails the task with `failure`, whose parts may be absent.
    pub fn send_failure(&self, token: &str, failure: Failure) -> Result<(), TokenError> {
        self.complete(token, Err(failure))
    }

    /// Restarts the task's `HeartbeatSeconds`.
    pub fn send_heartbeat(&self, token: &str) -> Result<(), TokenError> {
        let registry = self.lock();
        let number = registry.find(token)?;
        let sender = registry.open.get(&number).ok_or(TokenError::TaskTimedOut)?;
        sender.send(Signal::Heartbeat).map_err(|_| TokenError::TaskTimedOut)
    }

    /// The number of waiting tasks.
    pub fn open(&self) -> usize {
        self.lock().open.len()
    }

    /// A new token, with the receiving end of its task.
    pub(crate) fn issue(&self) -> WaitingTask {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut registry = self.lock();
        let number = registry.issued;
        registry.issued += 1;
        registry.open.insert(number, sender);
        WaitingTask { token: format!("{PREFIX}{number:016x}"), number, tokens: self.clone(), receiver }
    }

    fn complete(&self, token: &str, completion: Result<Arc<Json>, Failure>) -> Result<(), TokenError> {
        let mut registry = self.lock();
        let number = registry.find(token)?;
        let sender = registry.open.remove(&number).ok_or(TokenError::TaskTimedOut)?;
        sender.send(Signal::Completed(completion)).map_err(|_| TokenError::TaskTimedOut)
    }

    /// Ignores poisoning: a panic is reported by its own task, and the map is consistent between statements.
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// The number of a token that was issued.
    fn find(&self, token: &str) -> Result<u64, TokenError> {
        let number = token
            .strip_prefix(PREFIX)
            .filter(|digits| digits.len() == 16)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or(TokenError::InvalidToken)?;
        if number < self.issued { Ok(number) } else { Err(TokenError::TaskDoesNotExist) }
    }
}

/// The receiving end of a token. Dropping it closes the token.
pub(crate) struct WaitingTask {
    token: String,
    number: u64,
    tokens: TaskTokens,
    receiver: mpsc::UnboundedReceiver<Signal>,
}

impl WaitingTask {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The next signal. Always arrives or pends: the sender lives until a completion or [`expire`](Self::expire).
    pub(crate) async fn signal(&mut self) -> Signal {
        match self.receiver.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Closes the token. Returns the completion if one was accepted just before.
    pub(crate) fn expire(&mut self) -> Option<Result<Arc<Json>, Failure>> {
        self.tokens.lock().open.remove(&self.number);
        while let Ok(signal) = self.receiver.try_recv() {
            if let Signal::Completed(completion) = signal {
                return Some(completion);
            }
        }
        None
    }
}

impl Drop for WaitingTask {
    fn drop(&mut self) {
        self.tokens.lock().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_good_for_one_completion() {
        let tokens = TaskTokens::default();
        let mut task = tokens.issue();
        let token = task.token().to_owned();
        assert_eq!(tokens.send_success(&token, r#"{"a": 1}"#), Ok(()));
        assert_eq!(tokens.send_success(&token, "2"), Err(TokenError::TaskTimedOut));
        assert_eq!(tokens.send_failure(&token, Failure::default()), Err(TokenError::TaskTimedOut));
        assert_eq!(tokens.send_heartbeat(&token), Err(TokenError::TaskTimedOut));
        assert_eq!(task.expire(), Some(Ok(Arc::new(json!({"a": 1}).into()))));
    }

    #[test]
    fn the_token_of_an_expired_or_dropped_task_has_timed_out() {
        let tokens = TaskTokens::default();
        let mut expired = tokens.issue();
        assert_eq!(expired.expire(), None);
        assert_eq!(tokens.send_success(expired.token(), "1"), Err(TokenError::TaskTimedOut));
        let dropped = tokens.issue().token().to_owned();
        assert_eq!(tokens.send_heartbeat(&dropped), Err(TokenError::TaskTimedOut));
        assert_eq!(tokens.open(), 0);
    }

    #[test]
    fn an_invalid_token_and_an_unknown_token_are_different_errors() {
        let tokens = TaskTokens::default();
        let foreign = TaskTokens::default().issue().token().to_owned();
        assert_eq!(tokens.send_success("nonsense", "1"), Err(TokenError::InvalidToken));
        assert_eq!(tokens.send_success(&foreign, "1"), Err(TokenError::TaskDoesNotExist));
    }

    #[test]
    fn an_output_must_be_json_and_within_the_quota() {
        let tokens = TaskTokens::default();
        let task = tokens.issue();
        for output in ["{", "", &format!("\"{}\"", "x".repeat(262_144))] {
            let error = tokens.send_success(task.token(), output).unwrap_err();
            assert_eq!(error.code(), "InvalidOutput", "{error}");
        }
        assert_eq!(tokens.send_success(task.token(), "null"), Ok(()));
    }
}
