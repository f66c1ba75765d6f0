//! House rules for valid machines, so that every failure leads to the cleanup.

use crate::data::path::{Path, Root, field_of};
use crate::data::template::{Dynamic, Template};
use crate::definition::graph::{is_terminal, successors};
use crate::definition::{
    Body, Choice, JitterStrategy, Problem, Quantity, Resource, Retrier, State, StateId, StateMachine, Task,
    Until, Wait,
};
use crate::failure::{ALL, TASK_FAILED};

/// Errors of the Lambda service, not of a function. AWS advises to retry all of them.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html>.
pub const LAMBDA_SERVICE_ERRORS: [&str; 5] = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
];

/// Checks `machine`, whose state `cleanup` must be reached after any error, and returns every violation of these rules:
///
/// | state | rule |
/// |---|---|
/// | every task | has a timeout, and retries the [`LAMBDA_SERVICE_ERRORS`]; each retrier has `MaxDelaySeconds`, and full jitter unless it is of the functions' own errors alone |
/// | a task that waits for its token | passes the token to its function |
/// | every task but the cleanup | catches `States.ALL`, keeps the document, and leads to the cleanup |
/// | the cleanup | is a task that retries `States.ALL` |
/// | every choice | has a default |
/// | every wait | waits at least a second, and not until a fixed time |
///
/// A valid definition may still violate them: on AWS this machine runs, and a failure of `Work` ends it without a cleanup.
///
/// ```
/// # use ec2_ops_asl::{InvalidDefinition, StateMachine, lint};
/// let machine = StateMachine::parse(
///     r#"{"StartAt": "Work", "States": {
///         "Work": {
///             "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "work"},
///             "TimeoutSeconds": 60, "Next": "Clean",
///             "Retry": [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL", "MaxDelaySeconds": 30}]},
///         "Clean": {
///             "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "clean"},
///             "TimeoutSeconds": 60, "End": true,
///             "Retry": [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL", "MaxDelaySeconds": 30}]}}}"#,
/// )?;
/// let findings: Vec<_> = lint(&machine, "Clean").iter().map(ToString::to_string).collect();
/// assert_eq!(findings, ["$.States.Work.Catch: expected a catcher of States.ALL"]);
/// # Ok::<(), InvalidDefinition>(())
/// ```
pub fn lint(machine: &StateMachine, cleanup: &str) -> Vec<Problem> {
    let mut lint = Lint {
        machine,
        cleanup: machine.states.iter().position(|state| &*state.name == cleanup).map(StateId),
        findings: Vec::new(),
    };
    if lint.cleanup.is_none() {
        lint.report("$.States", format!("expected the cleanup state '{cleanup}'"));
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
    fn report(&mut self, path: impl Into<String>, message: impl Into<String>) {
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
            _ if is_cleanup => self.report(at, "the cleanup state must be a Task"),
            Body::Choice(choice) => self.choice(&at, choice),
            Body::Wait(wait) => self.wait(&at, wait),
            Body::Map(_) | Body::Pass(_) | Body::Succeed | Body::Fail(_) => {}
        }
    }

    fn limits(&mut self, at: &str, task: &Task) {
        if task.timeout.is_none() {
            self.report(
                at,
                "expected TimeoutSeconds or TimeoutSecondsPath: without one a lost task waits up to three years",
            );
        }
        if task.resource == Resource::InvokeWaitForTaskToken && !passes_token(&task.parameters) {
            self.report(
                format!("{at}.Parameters"),
                "expected $$.Task.Token in the payload: without it no caller can complete the task",
            );
        }
    }

    fn retry(&mut self, at: &str, task: &Task) {
        for (index, retrier) in task.handling.retry.iter().enumerate() {
            let at = format!("{at}.Retry[{index}]");
            if retrier.jitter != JitterStrategy::Full
                && retrier.error_equals.iter().any(|name| is_foreign(name))
            {
                self.report(
                    &at,
                    "expected the JitterStrategy FULL, so that executions that AWS refused do not retry in step",
                );
            }
            if retrier.max_delay_seconds.is_none() {
                self.report(&at, "expected MaxDelaySeconds: without it the back-off grows without bound");
            }
        }
        for error in LAMBDA_SERVICE_ERRORS {
            if !task.handling.retry.iter().any(|retrier| retries(retrier, error)) {
                self.report(format!("{at}.Retry"), format!("expected a retry of {error}"));
            }
        }
    }

    fn cleanup_retry(&mut self, at: &str, task: &Task) {
        let retries_all =
            |retrier: &Retrier| retrier.max_attempts > 0 && retrier.error_equals.iter().any(|e| e == ALL);
        if !task.handling.retry.iter().any(retries_all) {
            self.report(format!("{at}.Retry"), format!("expected the cleanup to retry {ALL}"));
        }
    }

    fn catch(&mut self, at: &str, task: &Task) {
        for (index, catcher) in task.handling.catch.iter().enumerate() {
            if catcher.result_path.as_ref().is_some_and(Path::is_whole_input) {
                self.report(
                    format!("{at}.Catch[{index}]"),
                    "expected a ResultPath below '$': otherwise the error replaces the document",
                );
            }
            if self.cleanup.is_some_and(|cleanup| !self.leads_to(catcher.next, cleanup)) {
                self.report(
                    format!("{at}.Catch[{index}].Next"),
                    "expected to lead to the cleanup state before the machine ends",
                );
            }
        }
        if !task.handling.catch.iter().any(|catcher| catcher.error_equals.iter().any(|error| error == ALL)) {
            self.report(format!("{at}.Catch"), format!("expected a catcher of {ALL}"));
        }
    }

    /// Whether every path from `from` reaches `cleanup` before the machine ends.
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
            self.report(at, "expected a Default: nothing catches a choice without a match");
        }
    }

    fn wait(&mut self, at: &str, wait: &Wait) {
        match wait.until {
            Until::Seconds(Quantity::Fixed(0)) => self.report(at, "expected to wait at least one second"),
            Until::Timestamp(_) => {
                self.report(at, "expected a time that depends on the execution, not a fixed one");
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

/// Whether an error is of Step Functions, Lambda or its runtime, which raise it for many executions at the same time.
fn is_foreign(name: &str) -> bool {
    ["States.", "Lambda.", "Runtime.", "Sandbox."].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether the token reaches the function: as `$$.Task.Token`, as a part of `$$.Task`, or with the whole context object.
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
