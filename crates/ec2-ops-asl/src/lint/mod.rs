//! House rules beyond validity: what a machine must do so that a failure anywhere ends in the cleanup.

use crate::data::path::{Path, Root, field_of};
use crate::data::template::{Dynamic, Template};
use crate::definition::graph::{is_terminal, successors};
use crate::definition::{
    Body, Choice, JitterStrategy, Problem, Resource, Retrier, Seconds, State, StateId, StateMachine, Task,
    Until, Wait,
};
use crate::failure::{ALL, TASK_FAILED};

/// Errors of the Lambda service, not of the function; AWS advises to retry every one of them.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html>.
pub const LAMBDA_SERVICE_ERRORS: [&str; 5] = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
];

/// Checks the rules on `machine`, whose state `cleanup` must be reached after any error, and returns what breaks them:
///
/// - every task has a timeout, and a task that waits for its token passes the token on;
/// - every retrier has full jitter and a longest delay, and some retrier covers [`LAMBDA_SERVICE_ERRORS`];
/// - every task but the cleanup catches `States.ALL`, keeps the document, and leads to the cleanup;
/// - the cleanup retries `States.ALL`;
/// - every choice has a default, and every wait is a real one.
pub fn lint(machine: &StateMachine, cleanup: &str) -> Vec<Problem> {
    let mut lint = Lint {
        machine,
        cleanup: machine.states.iter().position(|state| &*state.name == cleanup).map(StateId),
        findings: Vec::new(),
    };
    if lint.cleanup.is_none() {
        lint.find("$.States", format!("expected the cleanup state '{cleanup}'"));
    }
    for (index, state) in machine.states.iter().enumerate() {
        lint.state(StateId(index), state);
    }
    lint.findings
}

struct Lint<'a> {
    machine: &'a StateMachine,
    cleanup: Option<StateId>,
    findings: Vec<Problem>,
}

impl Lint<'_> {
    fn find(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Problem { path: path.into(), message: message.into() });
    }

    fn state(&mut self, id: StateId, state: &State) {
        let at = field_of("$.States", &state.name);
        let is_cleanup = self.cleanup == Some(id);
        match &state.body {
            Body::Task(task) => {
                self.limits(&at, task);
                self.retry(&at, task);
                if is_cleanup {
                    self.cleanup_retry(&at, task);
                } else {
                    self.catch(&at, task);
                }
            }
            _ if is_cleanup => self.find(at, "the cleanup state must be a Task"),
            Body::Choice(choice) => self.choice(&at, choice),
            Body::Wait(wait) => self.wait(&at, wait),
            Body::Pass(_) | Body::Succeed | Body::Fail(_) => {}
        }
    }

    fn limits(&mut self, at: &str, task: &Task) {
        if task.timeout.is_none() {
            self.find(
                at,
                "expected TimeoutSeconds or TimeoutSecondsPath: without one a lost task waits for years",
            );
        }
        if task.resource == Resource::InvokeWaitForTaskToken && !passes_token(&task.parameters) {
            self.find(
                format!("{at}.Parameters"),
                "expected $$.Task.Token in the payload: without it nobody can complete the task",
            );
        }
    }

    fn retry(&mut self, at: &str, task: &Task) {
        for (index, retrier) in task.retry.iter().enumerate() {
            let at = format!("{at}.Retry[{index}]");
            if retrier.jitter != JitterStrategy::Full {
                self.find(
                    &at,
                    "expected the JitterStrategy FULL, so that throttled executions do not retry in step",
                );
            }
            if retrier.max_delay_seconds.is_none() {
                self.find(&at, "expected MaxDelaySeconds: without it the back-off grows without bound");
            }
        }
        for error in LAMBDA_SERVICE_ERRORS {
            if !task.retry.iter().any(|retrier| retries(retrier, error)) {
                self.find(format!("{at}.Retry"), format!("expected a retry of {error}"));
            }
        }
    }

    fn cleanup_retry(&mut self, at: &str, task: &Task) {
        let retries_all =
            |retrier: &Retrier| retrier.max_attempts > 0 && retrier.error_equals.iter().any(|e| e == ALL);
        if !task.retry.iter().any(retries_all) {
            self.find(format!("{at}.Retry"), format!("expected the cleanup to retry {ALL}"));
        }
    }

    fn catch(&mut self, at: &str, task: &Task) {
        for (index, catcher) in task.catch.iter().enumerate() {
            if catcher.result_path.as_ref().is_some_and(Path::is_whole_input) {
                self.find(
                    format!("{at}.Catch[{index}]"),
                    "expected a ResultPath below '$': the error replaces the document otherwise",
                );
            }
            if self.cleanup.is_some_and(|cleanup| !self.leads_to(catcher.next, cleanup)) {
                self.find(
                    format!("{at}.Catch[{index}].Next"),
                    "expected to lead to the cleanup state before the machine ends",
                );
            }
        }
        if !task.catch.iter().any(|catcher| catcher.error_equals.iter().any(|error| error == ALL)) {
            self.find(format!("{at}.Catch"), format!("expected a catcher of {ALL}"));
        }
    }

    /// Whether every way from `from` comes to `cleanup` before the machine ends.
    fn leads_to(&self, from: StateId, cleanup: StateId) -> bool {
        let mut seen = vec![false; self.machine.states.len()];
        let mut open = vec![from];
        let mut arrives = false;
        while let Some(id) = open.pop() {
            if id == cleanup {
                arrives = true;
            } else if !std::mem::replace(&mut seen[id.0], true) {
                let state = self.machine.state(id);
                if is_terminal(state) {
                    return false;
                }
                open.extend(successors(state));
            }
        }
        arrives
    }

    fn choice(&mut self, at: &str, choice: &Choice) {
        if choice.default.is_none() {
            self.find(at, "expected a Default: nothing catches a choice without a match");
        }
    }

    fn wait(&mut self, at: &str, wait: &Wait) {
        match wait.until {
            Until::Seconds(Seconds::Fixed(0)) => self.find(at, "expected to wait at least one second"),
            Until::Timestamp(_) => {
                self.find(at, "expected a time that depends on the execution, not a fixed one");
            }
            _ => {}
        }
    }
}

/// Whether `retrier` retries `error` at least once.
fn retries(retrier: &Retrier, error: &str) -> bool {
    let covers = |name: &String| name == error || name == ALL || name == TASK_FAILED;
    retrier.max_attempts > 0 && retrier.error_equals.iter().any(covers)
}

/// Whether the token reaches the function: as `$$.Task.Token`, or with all of the task's or the whole context object.
fn passes_token(template: &Template) -> bool {
    match template {
        Template::Literal(_) => false,
        Template::Object(fields) => fields.iter().any(|(_, field)| passes_token(field)),
        Template::Array(elements) => elements.iter().any(passes_token),
        Template::Dynamic(Dynamic::Path(path)) => {
            path.root() == Root::Context
                && ["$$", "$$.Task", "$$.Task.Token"].contains(&path.to_string().as_str())
        }
        Template::Dynamic(Dynamic::Call(call)) => call.mentions("$$.Task.Token"),
    }
}

#[cfg(test)]
mod tests;
